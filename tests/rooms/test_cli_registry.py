"""``lienthong agency`` and ``lienthong system``: the directory in an operator's hands."""

import json
import stat
from pathlib import Path

import pytest

from tests.rooms.cli_kit import FINANCE, HEALTH, HUB, codes, facts, found, rules, run


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub whose directory knows one more agency."""
    folder = found(tmp_path / "hub")
    run("agency", "add", HEALTH, "Sở Y tế tỉnh Thử Nghiệm", "--alias", "H57.12", "-d", folder)
    return folder


def listed(folder: Path) -> dict[str, dict[str, object]]:
    return {agency["code"]: agency for agency in facts("agency", "list", "-d", folder)}


def written(tmp_path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_an_agency_is_found_under_each_of_its_codes(hub: Path) -> None:
    """Whoever adds it again under its alias is told where it stands."""
    assert listed(hub)[HEALTH]["aliases"] == ["H57.12"]
    assert rules(run("agency", "add", "h57.12", "Sở Y tế", "-d", hub, code=1)) == ["agency-known-otherwise"]


def test_the_two_forms_of_a_province_are_one_agency(hub: Path) -> None:
    """000.00.00.H57 is H57: a second one would split its mail."""
    ran = run("agency", "add", "000.00.00.H57", "UBND tỉnh", "-d", hub, code=1)
    assert rules(ran) == ["agency-known-otherwise"]


def test_everything_wrong_with_an_agency_is_told_at_once(hub: Path) -> None:
    """Code, parent, mail and system, each with its place."""
    ran = run(
        *("agency", "add", "không phải mã", "Sở", "--parent", "H99", "--mail", "so", "--served-by", "nobody"),
        *("-d", hub),
        code=1,
    )
    assert rules(ran) == ["agency-code-form", "mail-form", "parent-unknown", "unknown-system"]


def test_a_closed_agency_keeps_its_row_and_is_opened_by_adding_it_again(hub: Path) -> None:
    """Its history stays either way."""
    run("agency", "close", "H57.12", "-d", hub)
    assert listed(hub)[HEALTH]["closed_at"] is not None
    run("agency", "add", HEALTH, "Sở Y tế", "-d", hub)
    assert listed(hub)[HEALTH]["closed_at"] is None


def test_a_merged_agency_points_to_its_successor(hub: Path) -> None:
    """Both may be named by any of their codes."""
    run("agency", "merge", "H57.12", "000.00.00.H57", "-d", hub)
    assert listed(hub)[HEALTH]["merged_into"] == HUB


def test_closing_somebody_unknown_is_refused(hub: Path) -> None:
    """Nothing is written for it."""
    assert rules(run("agency", "close", "H99", "-d", hub, code=1)) == ["unknown-agency"]


def test_who_did_it_stands_in_the_log(hub: Path) -> None:
    """The operating system's name for them, not the environment's."""
    (entry,) = map(json.loads, run("log", "-d", hub, "--last", "1", "--json").stdout.splitlines())
    statement = json.loads(entry["statement"])
    assert (statement["act"], statement["details"]["agency"]) == ("agency-written", HEALTH)
    assert statement["by"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_from_any_spreadsheet_is_read(
    hub: Path, tmp_path: Path, encoding: str, separator: str
) -> None:
    """With or without byte order mark, with comma, semicolon or tab, Windows line ends, blank lines."""
    lines = [
        ["code", "NAME ", "aliases", "parent", "mail", "served_by"],
        [FINANCE, f'"Sở {separator} Tài chính"', "H57.13|H57.13.1", HUB, "stc@thunghiem.example", ""],
        ["", "", "", "", "", ""],
        ["H57.14", "Sở Nội vụ", "", FINANCE, "", ""],
    ]
    text = "".join(separator.join(line) + "\r\n" for line in lines)
    answer = facts("agency", "import", written(tmp_path, text, encoding=encoding), "-d", hub)
    assert answer == {"added": 2, "changed": 0}
    finance = listed(hub)[FINANCE]
    assert (finance["name"], finance["aliases"]) == (
        " ".join(f"Sở {separator} Tài chính".split()),
        ["H57.13", "H57.13.1"],
    )
    assert listed(hub)["H57.14"]["parent"] == FINANCE


def test_a_list_with_faults_is_not_written_at_all_and_every_fault_names_its_line(
    hub: Path, tmp_path: Path
) -> None:
    """Good lines between bad ones wait until all are good."""
    text = (
        "code,name,aliases,served_by\n"
        f"{FINANCE},Sở Tài chính,,\n"
        "xx,,,\n"
        "H57.14,Sở Nội vụ,H57.12,nobody\n"
        f"000.00.13.h57,Sở khác,,\n"
        "H57.15,A,,,thừa\n"
        '"H57.16\n'
    )
    ran = run("agency", "import", written(tmp_path, text), "-d", hub, code=1)
    told = [tuple(line.split(": ")[:2]) for line in ran.stderr.splitlines()]
    assert told == [
        ("cells-too-many", "dòng/line 6"),
        ("list-not-csv", "dòng/line 7"),
        ("agency-code-form", "dòng/line 3, code"),
        ("name-missing", "dòng/line 3, name"),
        ("agency-known-otherwise", "dòng/line 4, aliases"),
        ("unknown-system", "dòng/line 4, served_by"),
        ("code-repeated", "dòng/line 5"),
    ]
    assert set(listed(hub)) == {HUB, HEALTH}


@pytest.mark.parametrize(
    ("text", "encoding", "rule"),
    [
        ("code\nH58\n", "utf-8", "column-missing"),
        ("code,name,colour\nH58,A,đỏ\n", "utf-8", "column-unknown"),
        ("code,name,name\nH58,A,B\n", "utf-8", "column-repeated"),
        ("code,name\n", "utf-8", "list-empty"),
        ("", "utf-8", "column-missing"),
        ("code,name\nH58,Sở Nội vụ\n", "utf-16", "list-not-utf8"),
    ],
)
def test_a_list_of_another_form_is_refused_with_its_reason(
    hub: Path, tmp_path: Path, text: str, encoding: str, rule: str
) -> None:
    """A mistyped column would otherwise be left out in silence."""
    assert rule in rules(
        run("agency", "import", written(tmp_path, text, encoding=encoding), "-d", hub, code=1)
    )


def test_a_connected_system_gets_its_secret_once(hub: Path) -> None:
    """What is printed is good for calls; what is listed does not hold it."""
    answer = facts("system", "add", "qlvb", "--serves", f"H57.12,{HUB}", "--policy", "require", "-d", hub)
    assert (len(answer.pop("secret")), answer) == (
        43,
        {
            "system": "qlvb",
            "kind": "dms",
            "serves": [HEALTH, HUB],
            "policy": "require",
            "console": False,
            "disabled_at": None,
        },
    )
    assert facts("system", "list", "-d", hub) == [answer]


def test_a_secret_can_go_into_a_file_instead_of_onto_the_screen(hub: Path, tmp_path: Path) -> None:
    """A new file, for its owner alone; never over another."""
    path = tmp_path / "qlvb.secret"
    ran = run("system", "add", "qlvb", "--serves", HEALTH, "--secret-file", path, "-d", hub)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in ran.output
    run("system", "rotate", "qlvb", "--secret-file", path, "-d", hub, code=2)


def test_a_system_is_connected_once_and_not_to_strangers(hub: Path) -> None:
    """A second add would quietly change its secret; an agency nobody knows gets no mail."""
    run("system", "add", "qlvb", "--serves", HEALTH, "-d", hub)
    ran = run("system", "add", "qlvb", "--serves", "H99,H98", "-d", hub, code=1)
    assert rules(ran) == ["system-exists", "unknown-agency", "unknown-agency"]


def test_an_agency_changes_its_system_only_when_that_is_said(hub: Path) -> None:
    """Otherwise a mistyped code would divert another agency's mail."""
    run("system", "add", "old", "--serves", HEALTH, "-d", hub)
    assert rules(run("system", "add", "new", "--serves", HEALTH, "-d", hub, code=1)) == [
        "agency-served-already"
    ]
    run("system", "add", "new", "--serves", HEALTH, "--take-over", "-d", hub)
    assert listed(hub)[HEALTH]["served_by"] == "new"
    ran = run("agency", "add", HEALTH, "Sở Y tế", "--served-by", "old", "-d", hub, code=1)
    assert rules(ran) == ["agency-served-already"]
    run("agency", "add", HEALTH, "Sở Y tế", "--served-by", "old", "--take-over", "-d", hub)
    assert listed(hub)[HEALTH]["served_by"] == "old"


def test_a_disabled_system_is_enabled_by_adding_it_again(hub: Path) -> None:
    """With a new secret."""
    first = facts("system", "add", "qlvb", "--serves", HEALTH, "-d", hub)["secret"]
    run("system", "disable", "qlvb", "-d", hub)
    assert codes(facts("system", "list", "-d", hub), "disabled_at") != [None]
    assert facts("system", "add", "qlvb", "--serves", HEALTH, "-d", hub)["secret"] != first
    assert codes(facts("system", "list", "-d", hub), "disabled_at") == [None]


def test_a_rotated_secret_is_another_one(hub: Path) -> None:
    """And a system that is not there has none."""
    first = facts("system", "add", "qlvb", "--serves", HEALTH, "-d", hub)["secret"]
    assert facts("system", "rotate", "qlvb", "-d", hub)["secret"] != first
    assert rules(run("system", "rotate", "nobody", "-d", hub, code=1)) == ["unknown-system"]


def test_a_name_that_no_header_can_carry_is_refused(hub: Path) -> None:
    """It would be connected and never be able to call."""
    run("system", "add", "hệ thống", "--serves", HEALTH, "-d", hub, code=2)


def test_lists_are_readable(hub: Path) -> None:
    """Names, aliases, kinds and states, in Vietnamese first."""
    run("system", "add", "gw", "--kind", "gateway", "--serves", HEALTH, "-d", hub)
    agencies, systems = run("agency", "list", "-d", hub).stdout, run("system", "list", "-d", hub).stdout
    for said in ("Sở Y tế tỉnh Thử Nghiệm", "H57.12", "gw", "2 cơ quan"):
        assert said in agencies
    for said in ("cổng liên thông", "gateway", "cảnh báo", "đang dùng", "Sở Y tế tỉnh Thử Nghiệm"):
        assert said in systems
