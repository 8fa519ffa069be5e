"""One process for all workers of a test run to fork from: it imports everything once, at the first request.

The run's main process starts it and tells its address; it ends with that process.
"""

import atexit
import os
import shutil
import socket
import sys
import tempfile
import threading
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Final

EVERYTHING: Final = "tests.warm.everything"
_ASKED_AT: Final = "PYTEST_FORKS_ASKED_AT"
_CAN_SHARE: Final = sys.version_info < (3, 14) and "SHARED_FORKS" in os.environ
"""From Python 3.14 on, only the process that started a fork server can use it.

Elsewhere it is off unless asked for: in one run of five, sandboxes of one worker did not start within 30 seconds.
"""


def offer_forks() -> None:
    """Tell the workers, which are started later, where to ask."""
    if not _CAN_SHARE:
        return
    folder = tempfile.mkdtemp(prefix="forks-")
    atexit.register(shutil.rmtree, folder)
    address = str(Path(folder) / "asked")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    os.environ[_ASKED_AT] = address
    threading.Thread(target=_answer, args=(listener,), daemon=True).start()


def _answer(listener: socket.socket) -> None:
    server = forkserver.ForkServer()
    server.set_forkserver_preload([EVERYTHING])
    while True:
        asking, _ = listener.accept()
        with asking:
            server.ensure_running()
            asking.sendall(str(server._forkserver_address).encode())  # type: ignore[attr-defined]


def use_offered_forks() -> None:
    """Fork from the run's process, where there is one; otherwise from an own one."""
    address = os.environ.get(_ASKED_AT)
    if address is None or "PYTEST_XDIST_WORKER" not in os.environ:
        return
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(address)
        server = asking.makefile().read()
    ours = forkserver._forkserver
    ours._forkserver_address = server  # type: ignore[attr-defined]
    _, ours._forkserver_alive_fd = os.pipe()  # type: ignore[attr-defined]
    ours.ensure_running = resource_tracker.ensure_running  # type: ignore[method-assign]
