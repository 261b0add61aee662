"""The README's promises: its two lines are real commands, its walk leads through the code."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]


@cache
def shown_by(*arguments: str) -> str:
    """Run the command line and return what it prints."""
    command = [sys.executable, "-m", "gateway", *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_two_lines_and_no_more_stand_between_a_newcomer_and_the_product() -> None:
    """One line for the demo, one for the tests, each from nothing: environment, installation, command."""
    assert len(LINES) == 2
    for line in LINES:
        environment, installation, command = line.split(" && ")
        assert environment == "python3 -m venv .venv"
        assert re.fullmatch(r'\.venv/bin/pip install -q -e ("?)\.(\[dev\])?\1', installation)
        assert command.startswith(".venv/bin/")


def test_the_demo_is_installed_under_the_name_the_readme_calls() -> None:
    """The script of the first line is one the package declares, and it has the option."""
    script, command, option = LINES[0].split(" && ")[2].removeprefix(".venv/bin/").split()
    assert PROJECT["scripts"][script] == "gateway.__main__:main"
    assert option in shown_by(command, "--help")


def test_the_tests_are_started_with_what_the_dev_extra_brings() -> None:
    """``-n auto`` needs pytest-xdist; the second line installs the extra that has it."""
    assert '".[dev]"' in LINES[1]
    names = {
        re.split(r"[<>=;\[ ]", requirement)[0] for requirement in PROJECT["optional-dependencies"]["dev"]
    }
    assert {"pytest", "pytest-xdist", "pytest-asyncio", "ruff", "mypy"} <= names
    assert " -m pytest " in LINES[1]


def test_the_gate_the_readme_names_is_there() -> None:
    """The check command exists, and says so when asked for a step it does not have."""
    assert "python -m tests.check" in README
    command = [sys.executable, "-m", "tests.check", "nothing"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, "no such step" in ran.stderr) == (2, True)


def test_every_file_the_walk_names_is_there() -> None:
    """The ten lines of the walk point into the code as it is."""
    walk = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", README)
    assert len(walk) >= 10
    assert [path for path in walk if not (ROOT / "gateway" / path).exists()] == []


def test_the_walk_has_ten_lines() -> None:
    """Ten, so that it stays a walk."""
    assert re.findall(r"^(\d+)\. ", README, re.MULTILINE) == [str(step) for step in range(1, 11)]
