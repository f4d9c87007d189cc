"""PostgreSQL and MariaDB servers of the tests' own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import until

POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def program(name: str) -> str:
    """Return the path of a server's program; Debian keeps PostgreSQL's away from PATH."""
    folders = [*map(str, POSTGRES_FOLDERS), os.environ.get("PATH", ""), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    assert found, f"{name} is not installed: run make test, which installs it"
    return found


@contextmanager
def server_folder(user: str) -> Iterator[Path]:
    """Return a new folder that belongs to a server's user, if this process is root."""
    # A TMPDIR of root's own would be closed to the server's user.
    with tempfile.TemporaryDirectory(dir="/tmp" if os.geteuid() == 0 else None) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder


def command_as(user: str, *command: str) -> list[str]:
    """Return a command that runs as a user if this process is root, whom servers refuse."""
    return ["runuser", "-u", user, "--", *command] if os.geteuid() == 0 else list(command)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run an empty PostgreSQL and return its URL."""
    with server_folder("postgres") as folder:
        yield from _serve_postgres(folder)


def _serve_postgres(folder: Path) -> Iterator[str]:
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(command_as("postgres", *command), check=True, stdout=subprocess.DEVNULL)

    run(program("initdb"), "-D", str(data), "-A", "trust", "-U", "shop", "--no-sync")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=100"
    control = program("pg_ctl")
    run(control, "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
    try:
        yield f"postgresql+psycopg://shop@127.0.0.1:{port}/postgres"
    finally:
        run(control, "-D", str(data), "-m", "immediate", "-w", "stop")


@contextmanager
def running_mariadb() -> Iterator[str]:
    """Run an empty MariaDB and return its URL."""
    with server_folder("mysql") as folder:
        yield from _serve_mariadb(folder)


def _serve_mariadb(folder: Path) -> Iterator[str]:
    data, port = folder / "data", free_port()
    socket = folder / "socket"
    install = command_as(
        "mysql",
        program("mariadb-install-db"),
        "--no-defaults",
        f"--datadir={data}",
        f"--tmpdir={folder}",  # another server's temporary files may have the same names
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    )
    subprocess.run(install, check=True, capture_output=True)
    serve = command_as(
        "mysql",
        program("mariadbd"),
        "--no-defaults",
        f"--datadir={data}",
        f"--tmpdir={folder}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={socket}",
        "--innodb-flush-log-at-trx-commit=0",
    )
    statements = (
        "create database shop; create user 'shop'@'127.0.0.1' identified by 'shop';"
        "grant all on shop.* to 'shop'@'127.0.0.1'"
    )
    client = [program("mariadb"), "--no-defaults", f"--socket={socket}", "-u", "root"]

    def is_ready() -> bool:
        done = subprocess.run([*client, "-e", statements], capture_output=True)
        return done.returncode == 0

    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(serve, stdout=log, stderr=log)
    try:
        until(is_ready)
        yield f"mysql+pymysql://shop:shop@127.0.0.1:{port}/shop"
    finally:
        subprocess.run([*client, "-e", "shutdown"], capture_output=True)
        server.wait(timeout=60)
