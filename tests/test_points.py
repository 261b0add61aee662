"""The list of points is complete: between any two crossings of a door lies one, and every one is passed."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gateway.points import Point

GATEWAY = Path(__file__).parent.parent / "gateway"

# What the corridor awaits at a door, where the other side keeps something: after it a process may die.
WRITES = {"write", "secure", "hand_over", "download", "confirm", "register", "delete", "tell_receipts"}
LISTS = {"list_received", "list_sent", "list_receipts", "list_agencies", "list_agencies_qd20"}
OWNERS = {"database", "blobs", "axis", "self"}
# Reads in the dress of a write, for a view that is not behind the last commit.
READS = {"newest_row", "list_matchable"}


def passings(tree: ast.AST) -> Iterator[str]:
    """List the points passed, by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "passed":
            (point,) = node.args
            assert isinstance(point, ast.Attribute), ast.unparse(node)
            yield point.attr


def is_crossing(node: ast.AST) -> bool:
    """Tell whether an expression waits for a door behind which something is kept."""
    if not isinstance(node, ast.Await) or not isinstance(node.value, ast.Call):
        return False
    called = node.value.func
    if not isinstance(called, ast.Attribute) or called.attr not in WRITES | LISTS:
        return False
    owner = called.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    is_read = any(isinstance(node, ast.Attribute) and node.attr in READS for node in node.value.args)
    return name in OWNERS and not is_read


def unmarked(tree: ast.AST) -> Iterator[int]:
    """List the lines of crossings that no point follows before the next crossing or the end."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        events = sorted(
            [(node.lineno, True) for node in ast.walk(function) if is_crossing(node)]
            + [
                (node.lineno, False)
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "passed"
            ]
        )
        following = [*events[1:], (0, True)]
        yield from (
            line
            for (line, crossing), (after, crosses) in zip(events, following, strict=False)
            if crossing and crosses and after != line
        )


def test_every_point_is_passed_at_one_place() -> None:
    """Named once, passed once: who kills there knows where it was."""
    passed = Counter(name for path in GATEWAY.rglob("*.py") for name in passings(ast.parse(path.read_text())))
    assert passed == Counter({point.name: 1 for point in Point})


def test_after_every_crossing_of_a_door_comes_a_point() -> None:
    """In the corridor nothing is kept by somebody else without a point to die at right behind it."""
    found = [
        f"{path.name}:{line}"
        for path in sorted((GATEWAY / "exchange").glob("*.py"))
        for line in unmarked(ast.parse(path.read_text()))
    ]
    assert found == []


def test_a_crossing_without_a_point_is_found() -> None:
    """The check can fail."""
    walk = """async def walk(self):
        await self.database.write(act)
        await self.axis.confirm(item)
        passed(Point.CONFIRMED_TO_AXIS)"""
    assert list(unmarked(ast.parse(walk))) == [2]
