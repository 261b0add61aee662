"""``lienthong user`` and ``init --administrator``: people by command."""

import json
from pathlib import Path

import pytest

from tests.rooms.cli_kit import HEALTH, HUB, facts, found, rules, run


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A hub with a department in its directory."""
    folder = found(tmp_path / "hub")
    run("agency", "add", HEALTH, "Sở Y tế", "-d", folder)
    return folder


def test_the_first_administrator_comes_with_the_node(tmp_path: Path) -> None:
    """His one-time password is printed once, and for programs."""
    made = json.loads(
        run(
            *("init", tmp_path / "a", "--role", "hub", "--name", "Trục", "--agency-code", HUB),
            *("--key", "p256", "--administrator", "Quantri", "--json"),
        ).stdout
    )
    assert len(made["one_time_password"]) == 19
    (account,) = facts("user", "list", "-d", tmp_path / "a")
    assert (account["login"], account["role"], account["agencies"]) == ("quantri", "administrator", None)
    assert account["must_change"]
    shown = run(
        *("init", tmp_path / "b", "--role", "hub", "--name", "Trục", "--agency-code", HUB),
        *("--key", "p256", "--administrator", "quantri"),
    )
    assert "Mật khẩu dùng một lần" in shown.stdout


def test_a_node_whose_administrator_cannot_be_is_not_made(tmp_path: Path) -> None:
    """Nothing of it is left."""
    ran = run(
        *("init", tmp_path / "a", "--role", "hub", "--name", "Trục", "--agency-code", HUB),
        *("--key", "p256", "--administrator", "có dấu"),
        code=1,
    )
    assert rules(ran) == ["login-wrong"]
    assert not (tmp_path / "a").exists()


def test_a_user_is_added_edited_and_listed(node: Path) -> None:
    """What is not named stays."""
    added = facts(
        *("user", "add", "lan", "--name", "Trần Lan", "--role", "clerk", "--agency", HEALTH),
        *("--mail", "lan@example.vn", "-d", node),
    )
    assert added["agencies"] == [HEALTH]
    assert added["one_time_password"]
    edited = facts("user", "edit", "lan", "--role", "viewer", "--mail", "", "-d", node)
    assert edited == {
        "login": "lan",
        "name": "Trần Lan",
        "role": "viewer",
        "agencies": [HEALTH],
        "mail": None,
    }
    assert facts("user", "edit", "lan", "--all-agencies", "-d", node)["agencies"] is None
    assert "người xem" in run("user", "list", "-d", node).stdout


def test_every_fault_of_a_new_user_is_told(node: Path) -> None:
    """And a second one of the same login is refused."""
    ran = run("user", "add", "x y", "--name", "", "--role", "clerk", "--agency", "H99", "-d", node, code=1)
    assert rules(ran) == ["login-wrong", "name-wrong", "unknown-agency"]
    run("user", "add", "lan", "--name", "Lan", "--role", "viewer", "-d", node)
    ran = run("user", "add", "Lan", "--name", "Lan", "--role", "viewer", "-d", node, code=1)
    assert rules(ran) == ["login-taken"]
    run("user", "add", "kim", "--name", "Kim", "-d", node, code=2)


def test_accounts_are_closed_opened_and_reset(node: Path) -> None:
    """Each by login; one that nobody has is refused; the log tells who did it."""
    run("user", "add", "lan", "--name", "Lan", "--role", "viewer", "-d", node)
    run("user", "disable", "lan", "-d", node)
    (account,) = facts("user", "list", "-d", node)
    assert account["disabled_at"]
    assert "đã khóa" in run("user", "list", "-d", node).stdout
    run("user", "enable", "lan", "-d", node)
    assert len(facts("user", "reset-password", "LAN", "-d", node)["one_time_password"]) == 19
    assert "Chỉ hiện một lần" in run("user", "reset-password", "lan", "-d", node).stdout
    run("user", "reset-totp", "lan", "-d", node)
    run("user", "unbind", "lan", "-d", node)
    assert facts("user", "sessions", "lan", "-d", node) == []
    assert facts("user", "end-sessions", "lan", "-d", node)["ended"] == 0
    assert rules(run("user", "disable", "ai", "-d", node, code=1)) == ["no-such-user"]
    log = run("log", "-d", node).stdout
    for words in (
        "thêm người dùng lan (Lan), vai trò người xem",
        "khóa tài khoản lan",
        "mật khẩu dùng một",
        "gỡ xác thực",
    ):
        assert words in log
