"""The house keeps its shape: who may know whom, how long a room may grow, what nothing may be called.

Each law is a function from the source to the places where it is broken, so that a test's failure is a
list of lines to go to. Below the laws, each is shown a small house in which it is broken.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the roof to the cellar. A room may know those on floors below its own, and nobody on its floor.
FLOORS = (
    {"__main__"},
    {"cli"},
    {"serving"},
    {"wiring"},
    {"web", "sandbox"},
    {"back_office"},
    {"office"},
    {"source"},
    {"exchange"},
    {"store", "clients"},
    {"log_lines"},
    {"evidence"},
    {"trust"},
    {"edxml", "vxp", "deadlines", "papers"},
    {"model"},
    {"errors", "points"},
)
FLOOR_OF = {room: height for height, rooms in enumerate(reversed(FLOORS)) for room in rooms}
# The settings stand beside the house: they know two rooms, and only the upper floors know them.
SETTINGS = {"config", "config_lines", "section", "settings", "duty_settings", "setting_types"}
KNOWN_BY_SETTINGS = {"errors", "model"} | SETTINGS
KNOWING_SETTINGS = {"__main__", "cli", "serving", "wiring", "back_office", "office", "source"} | SETTINGS
# The demo is an act of the command line; the gateway proper does not know that it can play.
KNOWING_SANDBOX = {"__main__", "cli"}

CRAFTS = {"evidence", "trust", "edxml", "vxp", "deadlines", "papers", "model"}
WORLDLY_MODULES = {
    *("asyncio", "concurrent", "threading", "multiprocessing", "subprocess", "signal", "select", "selectors"),
    *("socket", "ssl", "http", "ftplib", "smtplib", "socketserver", "aiohttp", "aiosqlite", "sqlite3"),
    *("time", "random", "secrets", "tempfile", "logging", "structlog", "uvloop"),
}
WORLDLY_NAMES = {
    *("now", "utcnow", "today", "urandom", "getrandom", "uuid1", "uuid4"),
    *("random_serial_number", "generate_private_key", "urlopen", "getenv", "environ"),
}
# The development authority makes keys and serial numbers out of nothing: that is what it is for.
WORLDLY_CRAFTS = {"gateway/trust/issuing.py"}

BANNED_WORDS = {
    *("handle", "process", "manage", "util", "helper", "common"),
    *("base", "manager", "service", "data", "info", "do"),
}
LINES_IN_A_MODULE = 350
LINES_IN_A_FUNCTION = 60

# Where an error of any kind is caught, because behind it stands nobody who could.
BROAD_CATCHES = {
    "gateway/web/": "the top of a request",
    "gateway/exchange/worker.py": "the top of a worker's round",
    "gateway/exchange/inbound.py": "the top of one package of a round",
    "gateway/cli/": "the top of a command",
    "gateway/__main__.py": "the top of a command",
    "gateway/exchange/sitting.py": "a judgement's error belongs to the walk that waits for it",
    "gateway/store/database.py": "an act's error belongs to the walk that waits for its commit",
}


@dataclass(frozen=True)
class Module:
    """One file of the house."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """Return its dotted name; a package is called like its folder."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """Return the room it belongs to: the folder or file right under gateway/."""
        return (self.name + ".").split(".")[1]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Return all of its syntax tree, in no order that matters."""
        return list(ast.walk(ast.parse(self.text, self.path)))

    def at(self, node: ast.AST, words: str) -> str:
        """Say where something is wrong, in the form editors jump to."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {words}"

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """List what it imports: ``a.b`` for ``import a.b``, ``a.b`` for ``from a import b``."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node, f"{node.module or ''}.{alias.name}") for alias in node.names)


def read_house() -> list[Module]:
    """Read every module of the gateway."""
    paths = sorted((ROOT / "gateway").rglob("*.py"))
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths]


HOUSE = read_house()
Law = Callable[[Iterable[Module]], Iterator[str]]


def may_know(knower: str, known: str) -> bool:
    """Tell whether one room may import from another."""
    if knower == known or not known:
        return True
    if known == "sandbox":
        return knower in KNOWING_SANDBOX
    if knower in SETTINGS:
        return known in KNOWN_BY_SETTINGS
    if known in SETTINGS:
        return knower in KNOWING_SETTINGS
    return known in FLOOR_OF and FLOOR_OF.get(knower, -1) > FLOOR_OF[known]


def arrows_against_the_plan(house: Iterable[Module]) -> Iterator[str]:
    """No arrow up, none between two rooms of one floor."""
    rooms = FLOOR_OF.keys() | SETTINGS
    for module in house:
        if module.room and module.room not in rooms:
            yield f"{module.path}:1: the room {module.room} is not in the floor plan"
        for node, name in module.imports():
            known = name.split(".")[1] if name.startswith("gateway.") else ""
            known = known if known in rooms else ""  # ``from gateway import __version__``
            if not module.room and known:
                yield module.at(node, f"gateway/__init__.py knows {known}; it must know no room")
            elif not may_know(module.room, known):
                yield module.at(node, f"{module.room} must not know {known}")


def relative_imports(house: Iterable[Module]) -> Iterator[str]:
    """Every import says from where."""
    for module in house:
        for node in module.nodes:
            if isinstance(node, ast.ImportFrom) and node.level:
                yield module.at(node, "relative import")


def circles(house: Iterable[Module]) -> Iterator[str]:
    """No module leads back to itself, not even through a function's or a type checker's import."""
    modules = list(house)
    names = {module.name for module in modules}
    graph = {
        module.name: {
            name if name in names else name.rpartition(".")[0]
            for _, name in module.imports()
            if {name, name.rpartition(".")[0]} & names
        }
        for module in modules
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " → ".join(error.args[1])


def worldly_crafts(house: Iterable[Module]) -> Iterator[str]:
    """A craft sees no clock, no socket, no chance, no disk, and waits for nothing."""
    for module in house:
        if module.room not in CRAFTS:
            continue
        free = module.path in WORLDLY_CRAFTS
        for node, name in module.imports():
            by_name = name.rpartition(".")[2] in WORLDLY_NAMES and not free
            if by_name or name.split(".")[0] in WORLDLY_MODULES:
                yield module.at(node, f"a craft imports {name}")
        for node in module.nodes:
            if isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)):
                yield module.at(node, "a craft waits")
            elif isinstance(node, ast.Attribute) and node.attr in WORLDLY_NAMES and not free:
                yield module.at(node, f"a craft calls .{node.attr}")
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"open", "input", "print"}:
                yield module.at(node, f"a craft calls {ast.unparse(node.func)}")


def second_loggers(house: Iterable[Module]) -> Iterator[str]:
    """There is one logger, and it never writes on stdout before somebody said where to."""
    for module in house:
        for node in module.nodes:
            if (
                isinstance(node, ast.Attribute)
                and node.attr in {"get_logger", "getLogger"}
                and module.path not in {"gateway/log_lines.py", "gateway/cli/operating_log.py"}
            ):
                yield module.at(node, "a logger of its own")


def overgrown(house: Iterable[Module]) -> Iterator[str]:
    """A module is read at one sitting, a function at one glance."""
    for module in house:
        count = len(module.text.splitlines())
        if count > LINES_IN_A_MODULE:
            yield f"{module.path}:1: {count} lines, at most {LINES_IN_A_MODULE}"
        for node in module.nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > LINES_IN_A_FUNCTION:
                    yield module.at(node, f"{node.name} has {count} lines, at most {LINES_IN_A_FUNCTION}")


def own_names(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """List every name this module gives: to itself, what it defines, its arguments, what it assigns."""
    for node in module.nodes:
        if isinstance(node, ast.Module):
            yield node, Path(module.path).stem
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            # Only our own: what somebody else's object calls its attribute (CharacterDataHandler) is given.
            if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
                yield node, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node, node.asname
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node, node.name


def words_of(name: str) -> set[str]:
    """Split a name at underscores and capitals, in singular: ``DataFiles_v2`` → data, file, v2."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    return {part.lower() for part in parts} | {part.lower().removesuffix("s") for part in parts}


def empty_names(house: Iterable[Module]) -> Iterator[str]:
    """Nothing is called by a word that fits everything."""
    for module in house:
        for node, name in own_names(module):
            for word in sorted(words_of(name) & BANNED_WORDS):
                yield module.at(node, f"{name}: the word {word!r} says nothing")


def broad_catches(house: Iterable[Module]) -> Iterator[str]:
    """Catch what you can name; the rest is a bug and belongs to the top, unless it is raised again."""
    for module in house:
        if module.path.startswith(tuple(BROAD_CATCHES)):
            continue
        for node in module.nodes:
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = (
                {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else {""}
            )
            last = node.body[-1]
            raised_again = isinstance(last, ast.Raise) and last.exc is None
            if caught & {"", "Exception", "BaseException"} and not raised_again:
                yield module.at(node, "catches every error")


LAWS: tuple[Law, ...] = (
    arrows_against_the_plan,
    relative_imports,
    circles,
    worldly_crafts,
    second_loggers,
    overgrown,
    empty_names,
    broad_catches,
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_house_keeps_the_law(law: Law) -> None:
    """The gateway's own source breaks none of them; the failure lists the places."""
    places = list(law(HOUSE))
    assert not places, f"{law.__doc__}\n" + "\n".join(places)


def test_the_whole_house_was_read() -> None:
    """A law that looks at nothing is kept by everybody."""
    assert {"gateway.errors", "gateway.config", "gateway.model.package"} <= {m.name for m in HOUSE}


@pytest.mark.parametrize(
    ("law", "path", "text"),
    [
        (arrows_against_the_plan, "edxml/reader.py", "from gateway.store import blobs"),
        (arrows_against_the_plan, "edxml/reader.py", "import gateway.vxp.signing"),
        (arrows_against_the_plan, "store/blobs.py", "def f():\n    from gateway.clients.axis import Axis"),
        (arrows_against_the_plan, "wiring.py", "from gateway.sandbox import world"),
        (arrows_against_the_plan, "exchange/worker.py", "from gateway.config import Config"),
        (arrows_against_the_plan, "config.py", "from gateway.trust.keys import Seal"),
        (arrows_against_the_plan, "tools.py", ""),
        (arrows_against_the_plan, "__init__.py", "from gateway.errors import Refusal"),
        (relative_imports, "store/blobs.py", "from . import database"),
        (circles, "model/agency.py", "from gateway.model.agency import Agency"),
        (worldly_crafts, "trust/keys.py", "import secrets"),
        (worldly_crafts, "edxml/writer.py", "at = datetime.now(UTC)"),
        (worldly_crafts, "edxml/writer.py", "from uuid import uuid4"),
        (worldly_crafts, "vxp/signing.py", "async def f(): ..."),
        (worldly_crafts, "edxml/reader.py", "with open('x') as file: ..."),
        (worldly_crafts, "trust/issuing.py", "import time"),
        (arrows_against_the_plan, "trust/keys.py", "from gateway.log_lines import log"),
        (second_loggers, "exchange/worker.py", "log = structlog.get_logger()"),
        (overgrown, "web/app.py", "\n" * 351),
        (overgrown, "web/app.py", "def f():\n" + "    1\n" * 60),
        (empty_names, "web/helpers.py", ""),
        (empty_names, "web/app.py", "def do_it(): ..."),
        (empty_names, "web/app.py", "class ServiceBus: ..."),
        (empty_names, "web/app.py", "def f(*, user_info): ..."),
        (empty_names, "web/app.py", "for data in x: ..."),
        (empty_names, "web/app.py", "import x as utils"),
        (empty_names, "web/app.py", "self.baseURL = 1"),
        (broad_catches, "store/blobs.py", "try: ...\nexcept (OSError, Exception): ..."),
        (broad_catches, "trust/keys.py", "try: ...\nexcept: ..."),
    ],
)
def test_each_law_notices_when_it_is_broken(law: Law, path: str, text: str) -> None:
    """One line put in the wrong room is one place named, with file and line."""
    (place,) = law([Module(f"gateway/{path}", text)])
    assert place.startswith(f"gateway/{path}:") or law is circles


def test_a_circle_through_three_rooms_is_named_whole() -> None:
    """Two modules may be right alone; the circle is shown as the way around."""
    ring = {"a": "b", "b": "c", "c": "a"}
    house = [Module(f"gateway/model/{k}.py", f"from gateway.model import {v}") for k, v in ring.items()]
    (place,) = circles(house)
    assert place.count("→") == 3


@pytest.mark.parametrize(
    ("law", "path", "text"),
    [
        (arrows_against_the_plan, "cli/demo.py", "from gateway.sandbox import world"),
        (
            arrows_against_the_plan,
            "web/app.py",
            "from gateway import __version__\nfrom gateway.model import agency",
        ),
        (worldly_crafts, "trust/issuing.py", "x509.random_serial_number()"),
        (worldly_crafts, "edxml/writer.py", "def f(today, file):\n    return file.open()"),
        (empty_names, "web/app.py", "class Database(BaseModel): ...\nlog.info(data, do=1)\nx.data = 1"),
        (broad_catches, "store/blobs.py", "try: ...\nexcept BaseException:\n    undo()\n    raise"),
        (broad_catches, "web/app.py", "try: ...\nexcept Exception: ..."),
    ],
)
def test_the_laws_leave_good_work_alone(law: Law, path: str, text: str) -> None:
    """What only looks like a breach, or is one of the exceptions above, is not reported."""
    assert list(law([Module(f"gateway/{path}", text)])) == []
