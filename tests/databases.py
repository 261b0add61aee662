"""Databases for tests: a file each on SQLite, or one each on a real PostgreSQL that is started for them.

``pytest --engine postgresql`` runs every test there; tests marked ``both_engines`` run on both.
"""

import atexit
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load_config
from gateway.source import source_of
from gateway.store.database import engine_of, looking, migrate
from gateway.store.tables import Dialect, Row, Server, Source, Tables, Unbatched

_TEMPLATE = "founded"


class _Chosen:
    """Which engine the running test is on."""

    dialect = Dialect.SQLITE


def choose(dialect: Dialect) -> None:
    """Let the databases of the next test be of an engine."""
    _Chosen.dialect = dialect


def on_postgresql() -> bool:
    """Tell whether the running test is on PostgreSQL."""
    return _Chosen.dialect is Dialect.POSTGRESQL


def why_no_postgresql() -> str | None:
    """Say why there can be no PostgreSQL here; None when there can."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed"
    return None if _programs() else "no PostgreSQL server programs here"


def fresh_source(place: Path) -> Source:
    """Say where a database of its own may be made: the file, or a new database on the server."""
    return Server(address=fresh_address(place)) if on_postgresql() else place


def fresh_address(place: Path) -> str:
    """Make an empty database, already migrated, for a place of a test; asked again, it is the same."""
    name = f"t{hashlib.sha256(str(place.absolute()).encode()).hexdigest()[:20]}"
    return new_database(_server(), name)


def new_database(server: str, name: str) -> str:
    """Make an empty database, already migrated, on a server with a template; asked again, it is the same."""
    import psycopg

    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")  # type: ignore[arg-type]
    return server.format(name=name)


def source_in(directory: Path) -> Source:
    """Say where a founded node's database is."""
    return source_of(load_config(directory / "config.toml"))


def rows_of(source: Source, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """Look into a database as somebody beside the node would."""
    with looking(source) as tables:
        return tables.execute(sql, parameters).fetchall()


@contextmanager
def changing(source: Source) -> Iterator[Tables]:
    """Change a database beside the node, in one transaction."""
    with closing(engine_of(source).open_writer()) as writer:
        writer.begin()
        yield Unbatched(writer.statements)
        writer.commit()


@contextmanager
def unguarded(source: Source) -> Iterator[Tables]:
    """Change a database as somebody with the disk in his hands would: no trigger sees it."""
    with changing(source) as tables:
        if isinstance(source, Server):
            tables.execute("SET LOCAL session_replication_role = replica")
            yield tables
            return
        triggers = tables.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            tables.execute(f"DROP TRIGGER {name}")
        yield tables
        for _, sql in triggers:
            tables.execute(sql)


def change(source: Source, sql: str, parameters: Sequence[Any] = ()) -> None:
    """Run one statement beside the node."""
    with changing(source) as tables:
        tables.execute(sql, parameters)


@cache
def _server() -> str:
    address = start_server("fsync=off", "max_connections=300", "shared_buffers=64MB")
    lay_down_template(address)
    return address


def start_server(*settings: str) -> str:
    """Start a server that ends with this process; return the address of its databases, by ``{name}``."""
    return OwnServer(settings).address


class OwnServer:
    """A server of one's own, which ends with this process at the latest.

    Shape: address is that of its databases, by ``{name}``.
    """

    def __init__(self, settings: Sequence[str]) -> None:
        """Lay it down and start it."""
        programs = _programs()
        assert programs is not None
        self._folder = Path(tempfile.mkdtemp(prefix="lt-pg-"))
        self._as_owner: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:  # PostgreSQL refuses root
            owner = pwd.getpwnam("postgres" if _has_user("postgres") else "nobody")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._as_owner |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        cluster = self._folder / "cluster"
        subprocess.run(
            [programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-N", "--locale=C.UTF-8"],
            check=True,
            capture_output=True,
            **self._as_owner,
        )
        self._command = [programs / "postgres", "-D", cluster, "-k", self._folder]
        self._command += [part for setting in ("listen_addresses=", *settings) for part in ("-c", setting)]
        self.address = f"postgresql://postgres@/{{name}}?host={self._folder}"
        atexit.register(self.end)
        self._start()

    def restart(self) -> None:
        """Restart it as after a crash: it ends at once, and recovers from what it had made durable."""
        self._stop()
        self._start()

    def end(self) -> None:
        """End it, and leave nothing of it."""
        atexit.unregister(self.end)
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        # At once: asked kindly while it recovers, it may never end.
        self._server.send_signal(signal.SIGQUIT)
        try:
            self._server.wait(30)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def _start(self) -> None:
        self._server = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._as_owner
        )
        _wait_for(self.address.format(name="postgres"))


def _wait_for(address: str) -> None:
    import time

    import psycopg

    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def lay_down_template(address: str) -> None:
    """Make the database that others begin as."""
    import psycopg

    with psycopg.connect(address.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    migrate(Server(address=address.format(name=_TEMPLATE)))


def _programs() -> Path | None:
    """Find the server's programs: where ``PG_BIN`` says, on the PATH, or where Debian keeps them."""
    found = shutil.which("postgres")
    candidates = [Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else []
    candidates += [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in candidates if (each / "initdb").exists()), None)


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[Dialect]:
    """The engine a test runs on."""
    wanted = getattr(request, "param", None) or Dialect(request.config.getoption("--engine"))
    if wanted is Dialect.POSTGRESQL and request.node.get_closest_marker("sqlite_only"):
        pytest.skip("about SQLite")
    if wanted is Dialect.POSTGRESQL and (reason := why_no_postgresql()):
        pytest.skip(reason)
    choose(wanted)
    yield wanted
    choose(Dialect.SQLITE)
