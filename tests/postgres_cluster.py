"""A throw-away PostgreSQL on a socket of its own, which tests may stop and start again."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


class NoPostgres(Exception):
    """Why there is none on this machine."""


@dataclass(frozen=True)
class Cluster:
    """Where the data lies, which programs serve it, and what starts them as another user."""

    folder: Path
    binaries: Path
    before: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._control("-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """As if the machine lost its power: nobody is waited for."""
        self._control("-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *words: str) -> None:
        program = str(self.binaries / "pg_ctl")
        _run([*self.before, program, "-D", str(self.folder / "data"), "-w", *words])


def make_cluster() -> Cluster:
    """An empty cluster that runs.

    Raises:
        NoPostgres: its programs are not installed, or cannot be started as this user.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise NoPostgres("PostgreSQL's server programs are not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket path has a limit
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:  # initdb refuses root
        if shutil.which("runuser") is None or not _has_user("postgres"):
            raise NoPostgres("running as root, without a user postgres to start PostgreSQL as")
        before = ("runuser", "-u", "postgres", "--")
        shutil.chown(folder, "postgres")
    cluster = Cluster(folder, found[-1].parent, before)
    initdb = [str(found[-1]), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres"]
    _run([*before, *initdb, "--encoding=UTF8", "--locale=C.UTF-8"])
    cluster.start()
    return cluster


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/tmp")
