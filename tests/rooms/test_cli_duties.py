"""``lienthong obligation``, ``figures``, ``report``, ``register``, ``token``: in an operator's hands."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import openpyxl
import pytest

from gateway.exchange.tokens import token_id_in
from gateway.model.register import Register
from gateway.store.register import RegisterRow, Side
from gateway.wiring.papers import REGISTER_WRITERS
from tests.rooms.cli_kit import FINANCE, HEALTH, ROOT, codes, facts, found, rules, run

HEAD = "kind;agency;reference;subject;assigned_on;due_on;done_on\n"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub that knows two departments."""
    folder = found(tmp_path / "hub")
    run("agency", "add", HEALTH, "Sở Y tế tỉnh Thử Nghiệm", "-d", folder)
    run("agency", "add", FINANCE, "Sở Tài chính tỉnh Thử Nghiệm", "-d", folder)
    return folder


def give(hub: Path, reference: str = "NV-1", agency: str = HEALTH, kind: str = "task") -> Any:
    """Give something that is due in good time."""
    return facts(
        *("obligation", "add", kind, agency, reference, "Báo cáo tiêm chủng", "--due", "30/4/2098", "-d", hub)
    )


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(HEAD + "\n".join(lines), "utf-8-sig")
    return path


# -- obligation ---------------------------------------------------------------------------------------------


def test_what_is_given_is_shown_with_its_steps_and_who_did_them(hub: Path) -> None:
    """By what people call it, or by our id; the operating system's name for who it was."""
    given = give(hub)
    assert (given["standing"], given["due_on"]) == ("open", "2098-04-30")
    for name in ("nv – 1", given["id"]):
        shown = facts("obligation", "show", name, "-d", hub)
        assert shown["id"] == given["id"]
        assert [step["act"] for step in shown["steps"]] == ["open"]
        assert shown["steps"][0]["by"]
    said = run("obligation", "show", "NV-1", "-d", hub).stdout
    assert "nhiệm vụ · task" in said
    assert "30/04/2098" in said


def test_each_act_is_a_command(hub: Path) -> None:
    """More time, done, taken up again, passed on, guided, cancelled; what was done is not done again."""
    for name in "ABCD":
        give(hub, name, kind="petition")
    for act in (
        ("extend", "A", "2098-05-30", "--reason", "Bão"),
        ("finish", "A"),
        ("pass-on", "B"),
        ("guide", "C", "--reason", "Đã trả lời"),
        ("cancel", "D", "--reason", "Nhập nhầm"),
    ):
        run("obligation", *act, "-d", hub)
    assert facts("obligation", "reopen", "A", "--reason", "Chưa xong", "-d", hub)["standing"] == "open"
    listed = facts("obligation", "list", *("--standing", "passed-on", "--standing", "guided"), "-d", hub)
    assert codes(listed, "reference") == ["B", "C"]
    for act in (("guide", "D"), ("finish", "B")):
        assert rules(run("obligation", *act, "-d", hub, code=1)) == ["obligation-cannot"]


def test_what_is_wrong_is_told_at_once(hub: Path) -> None:
    """With the rule, the place, both languages; nothing is written."""
    ran = run(
        *("obligation", "add", "task", "H99", "NV-1", " ", "--due", "31/2/2098", "-d", hub),
        code=1,
    )
    assert rules(ran) == ["day-form", "missing", "unknown-agency"]
    assert rules(run("obligation", "show", "NV-1", "-d", hub, code=1)) == ["obligation-unknown"]
    give(hub)
    early = run("obligation", "finish", "NV-1", "--on", "1/1/2020", "-d", hub, code=1)
    assert rules(early) == ["day-impossible"]


def test_a_name_that_several_have_needs_the_agency(hub: Path) -> None:
    """What to do is told, and the ids of all."""
    ids = [give(hub, agency=agency)["id"] for agency in (HEALTH, FINANCE)]
    ran = run("obligation", "finish", "NV-1", "-d", hub, code=1)
    assert [line.split(": ")[1] for line in ran.stderr.splitlines()] == ["NV-1", *ids]
    assert "--agency" in ran.stderr
    done = facts("obligation", "finish", "NV-1", "--agency", FINANCE, "-d", hub)
    assert done["agency"] == FINANCE


def test_what_is_owed_is_listed_with_what_is_due_first(hub: Path) -> None:
    """Open ones, unless another standing is asked for; late ones are marked."""
    late = ("--due", "2026-01-09", "--assigned-on", "2026-01-05")
    run("obligation", "add", "dossier", HEALTH, "HS-1", "Cấp phép", *late, "-d", hub)
    give(hub)
    assert codes(facts("obligation", "list", "-d", hub), "reference") == ["HS-1", "NV-1"]
    assert codes(facts("obligation", "list", "--kind", "task", "-d", hub), "reference") == ["NV-1"]
    until = facts("obligation", "list", "--due-until", "31/12/2026", "-d", hub)
    assert codes(until, "reference") == ["HS-1"]
    assert facts("obligation", "list", "--agency", FINANCE, "-d", hub) == []
    assert "late" in run("obligation", "list", "-d", hub).stdout


def test_a_list_is_looked_at_and_taken_in(hub: Path, tmp_path: Path) -> None:
    """A dry run writes nothing; a pipe will do as well as a file."""
    lines = [
        f"dossier;{HEALTH};HS-1;Cấp phép;5/1/2026;9/1/2026;8/1/2026",
        f"Hồ sơ;{HEALTH};HS-2;Cấp phép;5/1/2026;9/1/2026;",
    ]
    path = written(tmp_path, *lines)
    would = facts("obligation", "import", path, "--dry-run", "-d", hub)
    assert (would["given"], would["finished"], would["dry_run"]) == (2, 1, True)
    assert facts("obligation", "list", "-d", hub) == []
    command = [sys.executable, "-m", "gateway", "obligation", "import", "-", "-d", str(hub)]
    with path.open("rb") as list_:
        piped = subprocess.run(
            ["sh", "-c", f"cat | {' '.join(command)}"], stdin=list_, cwd=ROOT, capture_output=True, check=True
        )
    assert "Đã nhập: 2 dòng" in piped.stdout.decode()
    assert facts("obligation", "import", path, "-d", hub)["given"] == 0
    path = written(tmp_path, *lines, f"dossier;{HEALTH};HS-3;;5/1/2026;;", "dossier;H99;HS-4;X;5/1/2026;;")
    ran = run("obligation", "import", path, "-d", hub, code=1)
    assert [line.split(": ")[1] for line in ran.stderr.splitlines()] == [
        "dòng/line 4, subject",
        "dòng/line 5, agency",
    ]
    changed = written(tmp_path, lines[0].replace("Cấp phép", "Cấp phép mới"))
    assert "giữ nguyên: 2" in run("obligation", "import", changed, "-d", hub).stdout


# -- figures, reports, registers ----------------------------------------------------------------------------


def test_figures_are_tables_in_both_languages_and_json_for_programs(hub: Path) -> None:
    """Of this year, of a period, of some agencies, as they were."""
    late = ("--due", "2026-01-09", "--assigned-on", "2026-01-05")
    run("obligation", "add", "dossier", HEALTH, "HS-1", "Cấp phép", *late, "-d", hub)
    run("obligation", "finish", "HS-1", "--on", "12/1/2026", "-d", hub)
    said = run("figures", "2026-Q1", "-d", hub).stdout
    for words in ("quý I năm 2026", "Q1 2026", "Sở Y tế", "Tổng", "0,00 %"):
        assert words in said
    assert "Đơn thư: tiếp nhận 0" in said
    told = facts("figures", "2026-01", "-d", hub)
    assert told["total"]["dossiers"]["late"] == 1
    assert told["total"]["petitions"]["received"] == 0
    then = facts("figures", "2026-01", "--as-of", "2026-01-08", "-d", hub)
    assert then["total"]["dossiers"]["open_in_time"] == 1
    other = facts("figures", "2026-01", "--agency", FINANCE, "-d", hub)
    assert other["agencies"] == []
    assert rules(run("figures", "2026-Q5", "-d", hub, code=1)) == ["period-unknown"]
    assert rules(run("figures", "2026", "--agency", "H99", "-d", hub, code=1)) == ["unknown-agency"]


@pytest.mark.parametrize("columns", [80, 110, 140])
def test_figures_break_between_words_on_a_narrow_page(hub: Path, columns: int) -> None:
    """A table too wide goes on below, each part with its agencies; no word is broken, no line is too long."""
    give(hub)
    run("obligation", "add", "dossier", HEALTH, "HS-1", "Cấp phép", "--due", "30/4/2098", "-d", hub)
    lines = run("figures", "-d", hub, columns=columns).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    said = " ".join(lines).split()
    assert said.count("progress,") == 4  # tasks of the period and from before: in time, overdue
    assert {"Received", "resolved", "overdue", "chuyển", "quyết:", "trước"} <= set(said)
    assert said.count("Agency") == (4 if columns == 80 else 2)


def test_a_report_is_written_in_the_forms_that_are_there(hub: Path, tmp_path: Path) -> None:
    """JSON for programs, PDF and XLSX for people; a form that nobody writes is refused, and nothing left."""
    run("report", "2026-Q1", "-o", tmp_path / "q1.json", "-d", hub)
    assert json.loads((tmp_path / "q1.json").read_text("utf-8"))["period"]["en"] == "Q1 2026"
    run("report", "2026-Q1", "-o", tmp_path / "q1.PDF", "-d", hub)
    assert (tmp_path / "q1.PDF").read_bytes().startswith(b"%PDF-")
    run("report", "2026-Q1", "--agency", HEALTH, "-o", tmp_path / "q1.xlsx", "-d", hub)
    assert len(openpyxl.load_workbook(tmp_path / "q1.xlsx").sheetnames) >= 5
    ran = run("report", "2026-Q1", "-o", tmp_path / "q1.odt", "-d", hub, code=1)
    assert rules(ran) == ["format-not-here"]
    assert ".json, .pdf, .xlsx" in ran.stderr
    assert not (tmp_path / "q1.odt").exists()


def test_a_register_is_written_row_by_row(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes it gets the rows as they are read, whose register it is, and of which year."""

    def write(head: Register, side: Side, rows: Iterable[RegisterRow], file: IO[bytes], **more: Any) -> int:
        file.write(f"{head.issuer} {head.period[0]} {side}".encode())
        assert more["spool_dir"].is_dir()
        return len(list(rows))

    assert rules(run("register", "out", "2026", "--agency", HEALTH, "-o", "x.csv", "-d", hub, code=1)) == [
        "format-not-here"
    ]
    monkeypatch.setitem(REGISTER_WRITERS, ".xlsx", write)  # type: ignore[arg-type]
    out = tmp_path / "so.xlsx"
    assert facts("register", "out", "2026", "--agency", HEALTH, "-o", out, "-d", hub)["lines"] == 0
    assert out.read_text("utf-8") == "Sở Y tế tỉnh Thử Nghiệm năm 2026 out"
    assert [path.name for path in tmp_path.glob("*.part")] == []


# -- token --------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_its_hash(hub: Path) -> None:
    """The list names the program, its rights and its agencies; the text stands nowhere."""
    added = facts("token", "add", "Mot-Cua", "--agency", f"{HEALTH},{FINANCE}", "--may-write", "-d", hub)
    assert token_id_in(added["token"]) == added["id"]
    (listed,) = facts("token", "list", "-d", hub)
    assert (listed["name"], listed["agencies"], listed["may_write"]) == ("mot-cua", [HEALTH, FINANCE], True)
    assert "token" not in listed
    secret = added["token"].encode()
    assert not any(secret in path.read_bytes() for path in hub.rglob("*") if path.is_file())
    assert "Mã chỉ hiện lần này" in run("token", "add", "trung-tam", "-d", hub).stdout
    shown = run("token", "list", "-d", hub).stdout
    assert "đọc và ghi" in shown
    assert "tất cả" in shown


def test_who_gave_and_disabled_a_token_stands_in_the_log(hub: Path) -> None:
    """With its agencies and rights; never with its text."""
    run("token", "add", "mot-cua", "--agency", HEALTH, "-d", hub)
    run("token", "disable", "mot-cua", "-d", hub)
    entries = map(json.loads, run("log", "-d", hub, "--last", "2", "--json").stdout.splitlines())
    added, disabled = (json.loads(entry["statement"]) for entry in entries)
    assert added["details"] == {"token": "mot-cua", "agencies": [HEALTH], "rights": "read"}
    assert (disabled["act"], disabled["details"]) == ("token-disabled", {"token": "mot-cua"})
    assert "chỉ đọc" in run("log", "-d", hub, "--last", "2").stdout


def test_a_token_that_cannot_be_is_refused(hub: Path) -> None:
    """A name that is taken or none, agencies nobody knows; all at once."""
    run("token", "add", "mot-cua", "-d", hub)
    assert rules(run("token", "add", "mot-cua", "-d", hub, code=1)) == ["name-taken"]
    wrong = run("token", "add", "một cửa", "--agency", "H98", "--agency", "H99", "-d", hub, code=1)
    assert rules(wrong) == ["name-wrong", "unknown-agency", "unknown-agency"]
    assert rules(run("token", "disable", "khong-co", "-d", hub, code=1)) == ["no-such-token"]
