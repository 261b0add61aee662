"""The root of the command line: help at once, errors in words, exit codes that programs can rely on."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.root import COMMANDS, lienthong
from gateway.cli.terminal import plain, size
from gateway.errors import Delay
from gateway.log_lines import cause_of
from tests.rooms.cli_kit import ROOT, found, rules, run


def test_every_command_has_its_line_in_the_help_in_the_order_a_newcomer_needs_them() -> None:
    """init comes first, then serve; each line speaks both languages."""
    lines = run("--help").stdout.partition("\nCommands:\n")[2].splitlines()
    listed = [line.split()[0] for line in lines if " · " in line]
    assert listed == list(COMMANDS)


def test_every_command_explains_itself_in_both_languages() -> None:
    """Each command and each command of a family has help, and all of it can be printed."""
    pages = 0
    for name in COMMANDS:
        page = run(name, "--help").stdout
        families = page.partition("\nCommands:\n")[2]
        pages += 1
        for line in families.splitlines():
            assert "Usage: lienthong" in run(name, line.split()[0], "--help").stdout
            pages += 1
    assert pages >= 24


def test_what_a_command_of_a_family_does_can_be_read_on_a_narrow_terminal() -> None:
    """No line is cut off, so that one need not open each to find the right one."""
    for family in (*([name] for name in COMMANDS), ["log", "witness"]):
        page = CliRunner().invoke(lienthong, [*family, "--help"], env={"COLUMNS": "80"}).stdout
        lines = page.partition("\nCommands:\n")[2].splitlines()
        assert [line for line in lines if line.endswith("...")] == []


HELP = "from gateway.cli.root import lienthong\ntry: lienthong(['--help'])\nexcept SystemExit: pass"
SERVE = "import gateway.cli.serve, gateway.serving"


@pytest.mark.parametrize(
    ("act", "unwanted"),
    [
        (HELP, {"lxml", "aiohttp", "cattrs", "cryptography", "rich"}),
        (SERVE, {"gateway.back_office", "gateway.wiring.console", "jinja2", "typst", "xlsxwriter"}),
    ],
)
def test_nothing_is_loaded_before_somebody_needs_it(act: str, unwanted: set[str]) -> None:
    """A prompt that completes commands waits for no library; an idle node holds nothing for visitors."""
    code = f"import sys\n{act}\nprint(sorted({unwanted} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_command_that_is_not_installed_fails_only_when_it_is_called(monkeypatch) -> None:
    """Its line stays in the help; calling it says what is the matter."""
    monkeypatch.setitem(COMMANDS, "demo", ("gateway.cli.nowhere", "–"))
    assert "demo" in run("--help").stdout
    assert "not installed" in run("demo", code=1).stderr


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("agenci", "command-unknown: agenci: không có lệnh này; có phải: agency. Xem: lienthong --help"),
        ("--fast", "option-unknown: --fast: không có tùy chọn này. Xem: lienthong --help"),
        ("log --las 3", "option-unknown: --las: không có tùy chọn này; có phải: --last"),
        ("log --last", "option-wrong: --last: tùy chọn này thiếu giá trị"),
        ("log --last x", "value-wrong: --last: cần số từ 0. Xem: lienthong log --help"),
        ("register in", "value-missing: YEAR: bắt buộc phải có: số từ 2000 đến 2099."),
        ("init x --role y", "value-wrong: --role: cần một trong: gateway, hub."),
        ("verify nowhere", "value-wrong: FILE: cần tệp có sẵn, đọc được. Xem: lienthong verify --help"),
        ("doctor more", "usage-wrong: thừa hoặc thiếu phần trong câu lệnh."),
        ("dispatch resend", "usage-wrong: nêu ID, hoặc --all-failed. Xem: lienthong dispatch resend --help"),
    ],
)
def test_what_was_mistyped_is_told_in_one_line_in_both_languages(typed: str, told: str) -> None:
    """Which word it was, what would be right, where the help is; click itself speaks English only."""
    (line,) = run(*typed.split(), code=2).stderr.splitlines()
    assert line.startswith(told)
    assert line.partition(" / ")[2]


def test_a_folder_that_is_no_node_is_said_in_one_line(tmp_path: Path) -> None:
    """Where, what to do about it, in both languages, exit code 2."""
    ran = run("system", "list", "--dir", tmp_path, code=2)
    assert rules(ran) == ["no-node-here"]
    assert str(tmp_path) in ran.stderr


def test_every_fault_of_the_settings_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    """Three mistakes are three lines and no traceback."""
    folder = found(tmp_path / "hub")
    (folder / "secrets.key").unlink()
    with (folder / "config.toml").open("a") as file:
        file.write('\n[htp]\nport = 1\n\n[log]\nlevel = "loud"\n')
    ran = run("serve", folder, code=2)
    assert sorted(rules(ran)) == ["file-missing", "setting-unknown", "setting-wrong"]


def test_a_database_that_is_none_is_said_in_words(tmp_path: Path) -> None:
    """Exit code 2: something must be set right."""
    folder = found(tmp_path / "hub")
    (folder / "lienthong.db").write_bytes(b"rubbish" * 1000)
    assert rules(run("log", "--dir", folder, code=2)) == ["database-unusable"]


def test_the_directory_may_stand_in_the_environment(tmp_path: Path, monkeypatch) -> None:
    """LIENTHONG_DIR spares an operator the option."""
    from click.testing import CliRunner

    folder = found(tmp_path / "hub")
    ran = CliRunner().invoke(lienthong, ["agency", "list"], env={"LIENTHONG_DIR": str(folder)})
    assert "Trục thử nghiệm" in ran.stdout


def test_a_foreign_text_cannot_steer_a_terminal() -> None:
    """Escape sequences, line breaks and bidirectional marks become visible dots."""
    assert plain("a\x1b[2Jb\nc\u202ed\x9b1m") == "a·[2Jb·c·d·1m"


def test_sizes_are_written_as_people_here_read_them() -> None:
    """A decimal comma, binary units."""
    assert [size(1023), size(1536), size(375 << 20), size(3 << 30)] == [
        "1023 byte",
        "1,5 KiB",
        "375,0 MiB",
        "3,0 GiB",
    ]


def test_what_happens_on_the_way_is_told_beside_what_was_asked_for() -> None:
    """A warning goes to stderr; nothing of a room's log stands between the JSON a program reads."""
    talk = "from gateway.log_lines import log; log.info('a'); log.warning('axis away', pause=3); print('{}')"
    ran = subprocess.run([sys.executable, "-c", talk], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "{}\n"
    assert ran.stderr.split() == ["[warning", "]", "axis", "away", "pause=3"]


@pytest.mark.parametrize("somewhere", ["/dev/full", "&-"])
def test_a_warning_that_finds_no_room_is_no_crash(somewhere: str) -> None:
    """A full disk behind stderr, or no stderr at all."""
    talk = "from gateway.log_lines import log; log.warning('axis away'); print('{}', flush=True)"
    command = ["sh", "-c", f'"$0" -c "$1" 2>{somewhere}', sys.executable, talk]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert ran.stdout == "{}\n"


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (OSError(28, "No space left on device", "/var/lib/x"), "No space left on device"),
        (TimeoutError(), "it took too long"),
        (ValueError("not hashes\nat line 2"), "not hashes"),
        (EOFError(), "EOFError"),
        (None, None),
    ],
)
def test_what_lies_behind_a_delay_is_logged_in_words(cause: Exception | None, told: str | None) -> None:
    """One line without Python's signs; nothing where nothing lies behind."""
    delay = Delay.because("disk-unwell", vi="–", en="–")
    delay.__cause__ = cause
    assert cause_of(delay) == told
