"""A real PostgreSQL for the tests: its own cluster in a temporary folder, on loopback, gone at the end.

Each process of pytest (xdist has several) starts a server of its own. Nothing in it is meant to survive, so it does
not flush to disk; a test that is about restarts stops it properly.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from flows.server import free_port

USER = "muster"
PASSWORD = "correct/horse@battery"
_TEMPLATE = "muster_template"
_START_S = 120.0


def find_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: from PATH, else where Debian keeps them, the newest first."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [Path("/usr/local/bin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


class PostgresServer:
    """One server; ``start`` and ``stop`` may be called in turn, the data stays until ``remove``.

    ``durable``: it flushes every commit to the disk, as a server that is measured must.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._durable = durable
        self._owner = _server_user()
        self._home = Path(tempfile.mkdtemp(prefix="muster-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._names = 0
        self.port = free_port()
        self._init()

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **({} if self._durable else dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")),
            "max_connections": "60",
            "shared_buffers": "32MB",
        }
        arguments = ["postgres", "-D", str(self._home / "data"), "-p", str(self.port)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        with (self._home / "log").open("ab") as log:
            self._process = self._popen(arguments, stdout=log.fileno())
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Stop it as an administrator would: connections are cut, data is kept."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(10)
        self._process = None

    def cpu_s(self) -> float:
        """Seconds of CPU that it and its children have used, those that have ended included."""
        if self._process is None:
            return 0.0
        own = psutil.Process(self._process.pid)
        used = own.cpu_times()
        now = sum(map(_cpu_s, own.children(recursive=True)))
        return used.user + used.system + used.children_user + used.children_system + now

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str) -> str:
        """The address of a database, with the password in it."""
        quoted = PASSWORD.replace("/", "%2F").replace("@", "%40")
        return f"postgresql+psycopg://{USER}:{quoted}@127.0.0.1:{self.port}/{database}"

    def empty_database(self) -> str:
        """A new empty database; gives its name."""
        return self._create("template0")

    def ledger_database(self) -> str:
        """A new database with the ledger's schema, copied from a template; gives its name."""
        from ledger.open import open_ledger
        from muster.clock import SystemClock

        if not self._has(_TEMPLATE):
            self._create("template0", _TEMPLATE)
            open_ledger(self.url(_TEMPLATE), clock=SystemClock()).close()
        return self._create(_TEMPLATE)

    def drop(self, database: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def _create(self, template: str, name: str = "") -> str:
        self._names += 1
        name = name or f"t{self._names}"
        parts = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        self._execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**parts))
        return name

    def _has(self, database: str) -> bool:
        with self._connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        return found is not None

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname="postgres",
            autocommit=True,
            connect_timeout=30,
        )

    def _init(self) -> None:
        secret = self._home / "password"
        secret.write_text(PASSWORD)
        if self._owner is not None:
            for path in (self._home, secret):
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
        process = self._popen(
            [
                "initdb",
                f"--pgdata={self._home / 'data'}",
                f"--username={USER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            stdout=subprocess.PIPE,
        )
        said, _ = process.communicate(timeout=120)
        if process.returncode:
            raise RuntimeError(f"initdb failed: {said.decode(errors='replace')}")

    def _popen(self, arguments: Sequence[str], stdout: int) -> subprocess.Popen[bytes]:
        owner = self._owner
        return subprocess.Popen(
            [str(self._binaries / arguments[0]), *arguments[1:]],
            cwd=self._home,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            user=None if owner is None else owner.pw_uid,
            group=None if owner is None else owner.pw_gid,
            extra_groups=None if owner is None else [],
            start_new_session=True,  # Ctrl-C in a terminal is for pytest, which stops the server in order
        )

    def _wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + _START_S
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > give_up_at:
                    log = (self._home / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start: {log[-2000:]}") from None
                time.sleep(0.05)
            else:
                return


def _cpu_s(process: psutil.Process) -> float:
    """Of one that may end at any moment, as helpers of the server do; then it counts among those that have ended."""
    try:
        return sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses root, so somebody else then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
