"""What the start of the bot imports, and what garbage collection sees of it afterwards."""

import gc
import platform
import subprocess
import sys

import pytest

from bot.process.start_and_end import giving_way, without_garbage_collection, without_package
from tests.waiting import LONGEST_WAIT

NOT_NEEDED = (
    "bot.process.loops",
    "bot.sandbox",
    "bot.slack.inbound.socket",
    "bot.terminal",
    "bot.slack.cards",
    "bot.words.refusals",
    "jinja2",
    "markdown_it",
    "opentelemetry",
    "prometheus_client",
    "pygments",
    "rich",
    "slack_sdk.socket_mode",
    "trustme",
    "typer",
    "workflows.effects",
)
"""What is imported when the bot is ready, what other commands or Socket Mode need, what we use nothing of."""
IN_A_THREAD = ("azure", "cryptography", "httpx", "kiota_abstractions", "msal", "msgraph", "requests", "workflows.entra")
"""What is needed to ask Microsoft Graph, and not to store a click: imported when the bot is ready."""
MODULES = 1_000
"""At most so many modules are imported until the bot is ready, Python's own included; 1,000 with Python 3.11."""


def test_the_bot_waits_for_few_imports() -> None:
    """`gatehouse run` waits for its imports: they stay what it needs to store clicks."""
    code = "import sys, bot.__main__, bot.process.run, bot.process.app; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONGEST_WAIT)
    imported = [name for name in ran.stdout.split() if name != "sitecustomize"]  # Debian's Python has one
    assert [name for name in (*NOT_NEEDED, *IN_A_THREAD) if name in imported] == []
    assert len(imported) <= MODULES


def test_of_microsofts_packages_only_what_is_used_is_imported() -> None:
    """Its 18,000 modules of models would take a minute, and a command line that nobody uses 60 modules."""
    unused = ("msgraph.generated.models", "opentelemetry.sdk", "pygments", "rich")
    settings = "TenantSettings.model_construct(azure_tenant_id='', azure_client_id='', graph_url='http://127.0.0.1')"
    code = f"""
import os, sys
os.environ.update(AZURE_TENANT_ID="0", AZURE_CLIENT_ID="0", AZURE_CLIENT_SECRET="unused")
from bot.process.opening.readers import open_tenant
from bot.process.settings import TenantSettings
open_tenant({settings})
print(*sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONGEST_WAIT)
    imported = ran.stdout.split()
    assert "msgraph.graph_request_adapter" in imported
    assert [name for name in unused if name in imported] == []


def test_run_is_known_without_the_library_of_the_command_line() -> None:
    """Only this command, and only alone: any option is left to that library."""
    code = "import sys, bot.__main__; bot.__main__.main()"
    for arguments, is_imported in ((["run"], False), (["run", "--help"], True)):
        shown = f"import atexit, sys; atexit.register(lambda: print('typer' in sys.modules)); {code}"
        ran = subprocess.run(
            [sys.executable, "-c", shown, *arguments], capture_output=True, text=True, env={}, timeout=LONGEST_WAIT
        )
        assert ran.stdout.splitlines()[-1] == str(is_imported), ran.stderr


def test_a_package_that_is_left_out_can_be_imported_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it was there before makes no difference afterwards."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without_package("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    with without_package("colorsys"):
        assert sys.modules["colorsys"] is colorsys


def test_imports_in_a_thread_give_way_to_the_event_loop() -> None:
    """A click that arrives meanwhile needs the interpreter several times until it is stored."""
    usual = sys.getswitchinterval()
    with giving_way():
        assert sys.getswitchinterval() < usual / 5
    assert sys.getswitchinterval() == usual


def test_what_was_imported_is_not_collected_again() -> None:
    """No collection runs during the imports; afterwards they run, and skip what was there already."""
    before = gc.get_freeze_count()
    try:
        with without_garbage_collection():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_a_failed_import_leaves_garbage_collection_on() -> None:
    """The process reports the error in the usual way."""
    try:
        with pytest.raises(ImportError), without_garbage_collection():
            raise ImportError("a package is missing")
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_all_threads_share_one_arena_of_memory() -> None:
    """After a look at thousands of partners in one thread, the others use its memory. glibc lists its arenas."""
    code = """
import ctypes, sys, threading
from bot.process.run import use_one_arena
if sys.argv[1] == "one":
    use_one_arena()
library = ctypes.CDLL(None)
keep = []
for _ in range(4):
    thread = threading.Thread(target=lambda: (library.malloc(1000), keep.append(threading.Event()), keep[-1].wait(1)))
    thread.start()
library.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(library.fopen(b"/dev/stdout", b"w"))
library.malloc_info(0, file)
library.fflush(file)
"""
    arenas = {}
    for arguments in (["one"], ["each"]):
        ran = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=LONGEST_WAIT
        )
        arenas[arguments[0]] = ran.stdout.count("<heap nr=")
    has_arenas = platform.libc_ver()[0] == "glibc"
    assert (arenas["one"] == 1, arenas["each"] > 1) == (has_arenas, has_arenas), arenas
