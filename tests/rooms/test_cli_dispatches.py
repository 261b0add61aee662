"""``lienthong dispatch`` and a system that works in the console, from the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.rooms.cli_kit import HEALTH, facts, found, rules, run

PACKAGE = "018f0000-0000-7000-8000-000000000001"
FAILED = "018f0000-0000-7000-8000-000000000002"


def fail_a_dispatch(folder: Path) -> None:
    """Put a package and a dispatch that the axis refused into a node's database."""
    with closing(sqlite3.connect(folder / "lienthong.db")) as tables, tables:
        tables.execute(
            "INSERT INTO packages (id, direction, submission, kind, digest, size_bytes, sender, recipients,"
            " notation, priority, grade, warnings, accepted_at) VALUES (?, 'outbound', 's', 'document', 'd',"
            " 1, '000.00.12.H57', '[\"000.00.00.G22\"]', '1/SYT', 0, 'absent', '[]', 1)",
            (PACKAGE,),
        )
        tables.execute(
            "INSERT INTO dispatches (id, package_id, destination, recipients, priority, state, created_at,"
            " due_at, expires_at, ended_at, last_fault, sender) VALUES (?, ?, 'axis', '[\"000.00.00.G22\"]',"
            " 0, 'refused', 1, 1, 2, 2, 'axis-refused: x', '000.00.12.H57')",
            (FAILED, PACKAGE),
        )


def test_what_failed_is_listed_sent_again_and_gone_from_the_list(tmp_path: Path) -> None:
    """The new one waits; asked twice the same comes back."""
    node = found(tmp_path / "node")
    run("agency", "add", HEALTH, "Sở Y tế", "--dir", node)
    fail_a_dispatch(node)
    (failed,) = facts("dispatch", "list", "--failed", "--dir", node)
    assert (failed["dispatch"], failed["state"], failed["notation"]) == (FAILED, "refused", "1/SYT")
    assert "1/SYT" in run("dispatch", "list", "--dir", node).output
    (sent,) = facts("dispatch", "resend", FAILED, "--reason", "đã sửa", "--dir", node)
    assert facts("dispatch", "resend", FAILED, "--dir", node) == [sent]
    assert facts("dispatch", "list", "--failed", "--dir", node) == []
    (waiting,) = facts("dispatch", "list", "--waiting", "--dir", node)
    assert waiting["dispatch"] == sent["again"]
    run("dispatch", "hasten", sent["again"], "--dir", node)
    run("dispatch", "cancel", sent["again"], "--reason", "thôi", "--dir", node)
    assert facts("dispatch", "list", "--dir", node) == []
    told = " ".join(run("log", "--dir", node).output.split())
    for words in ("gửi lại cho", "hủy lượt"):
        assert words in told


def test_all_that_failed_at_once_and_a_failure_left_as_it_is(tmp_path: Path) -> None:
    """Either of them empties the list."""
    node = found(tmp_path / "node")
    fail_a_dispatch(node)
    assert "Đã gửi lại 1 lượt" in run("dispatch", "resend", "--all-failed", "--dir", node).output
    other = found(tmp_path / "other")
    fail_a_dispatch(other)
    run("dispatch", "dismiss", FAILED, "--reason", "đã gọi điện", "--dir", other)
    assert facts("dispatch", "list", "--dir", other) == []
    assert facts("dispatch", "resend", "--all-failed", "--dir", other) == []


def test_a_dispatch_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Exit code 1, the rule told."""
    node = found(tmp_path / "node")
    assert rules(run("dispatch", "resend", "D9", "--dir", node, code=1)) == ["no-such-dispatch"]
    assert rules(run("dispatch", "cancel", "D9", "--reason", "x", "--dir", node, code=1)) == [
        "no-such-dispatch"
    ]
    run("dispatch", "resend", "--dir", node, code=2)


def test_a_system_at_the_console_has_no_secret_to_show(tmp_path: Path) -> None:
    """It is told where it works; its secret can be had by nobody, neither now nor by rotating."""
    node = found(tmp_path / "node")
    run("agency", "add", HEALTH, "Sở Y tế", "--dir", node)
    told = run("system", "add", "XA", "--console", "--serves", HEALTH, "--dir", node).output
    assert "trên trang quản trị" in told
    assert "Khóa bí mật" not in told
    (system,) = facts("system", "list", "--dir", node)
    assert (system["console"], system["kind"], system["policy"]) == (True, "dms", "off")
    assert rules(run("system", "rotate", "XA", "--dir", node, code=1)) == ["no-secret"]
    run("system", "add", "XB", "--console", "--kind", "gateway", "--serves", HEALTH, "--dir", node, code=2)
