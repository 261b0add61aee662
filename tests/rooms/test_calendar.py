"""The working calendar on disk, at hand and on the command line: shipped, or imported by whole years."""

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import date, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load_config
from gateway.deadlines.calendar import CalendarDay, DayKind
from gateway.deadlines.calendar_text import write_calendar
from gateway.deadlines.timers import TimerRules
from gateway.exchange.narration import narrate
from gateway.model.log import LogKind
from gateway.office import now, open_office, timer_rules_of
from gateway.store.calendar import load_calendar, shipped_calendar
from tests.rooms.cli_kit import ROOT, facts, found, rules, run

TET = date(2027, 2, 11)
ANNOUNCED = CalendarDay(day=TET, kind=DayKind.OFF, name="Nghỉ bù Tết Nguyên đán")
NEXT_YEAR = (*shipped_calendar()[2027], ANNOUNCED)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return found(tmp_path / "hub")


@pytest.fixture
def announced(tmp_path: Path) -> Path:
    """Next year's calendar, as an operator has it: one more day off."""
    path = tmp_path / "2027.csv"
    path.write_bytes(write_calendar(NEXT_YEAR))
    return path


def replacements(folder: Path) -> Iterator[dict[str, Any]]:
    """The statements about the calendar in the log."""
    for line in run("log", "-d", folder, "--json").stdout.splitlines():
        statement = json.loads(json.loads(line)["statement"])
        if statement.get("act") == "calendar-replaced":
            yield statement


def test_a_new_node_knows_the_years_it_came_with(hub: Path) -> None:
    """And says of a year that nobody knows that it has no holidays yet."""
    shown = facts("calendar", "show", "2026", "-d", hub)
    assert (shown["imported"], shown["working_days"]) == (False, 249)
    assert {"day": "2026-08-22", "kind": "worked", "name": "Làm bù cho 31/8"} in shown["days"]
    unknown = facts("calendar", "show", "2031", "-d", hub)
    assert (unknown["days"], unknown["working_days"]) == ([], 261)
    assert "import the year" in " ".join(run("calendar", "show", "2031", "-d", hub).stdout.split())


def test_this_year_is_shown_with_what_is_due_today(hub: Path) -> None:
    """By the hour the operator set."""
    with (hub / "config.toml").open("a") as file:
        file.write('\n[deadlines]\nnoon = "11:30"\n')
    assert "11:30" in run("calendar", "show", "-d", hub).stdout
    assert "Quốc khánh" in run("calendar", "show", "2026", "-d", hub).stdout


def test_an_import_replaces_a_year_and_is_in_the_log(hub: Path, announced: Path) -> None:
    """With who did it, and the digest of what an export of the year gives."""
    assert facts("calendar", "import", announced, "-d", hub) == {"changed": [2027]}
    shown = facts("calendar", "show", "2027", "-d", hub)
    assert (shown["imported"], shown["days"][8]["day"]) == (True, TET.isoformat())
    (entry,) = replacements(hub)
    assert entry["by"]
    assert entry["details"] == {
        "year": 2027,
        "off": len(NEXT_YEAR),
        "worked": 0,
        "half": 0,
        "sha256": sha256(announced.read_bytes()).hexdigest(),
    }
    assert narrate(LogKind.ADMINISTERED, entry)[0].endswith("năm 2027: 16 ngày nghỉ, 0 ngày làm bù")


def test_the_same_import_again_changes_nothing(hub: Path, announced: Path) -> None:
    """No row, no entry; and other years stay as they were shipped."""
    run("calendar", "import", announced, "-d", hub)
    assert facts("calendar", "import", announced, "-d", hub) == {"changed": []}
    assert "nothing is different" in run("calendar", "import", announced, "-d", hub).stdout
    assert len(list(replacements(hub))) == 1
    assert not facts("calendar", "show", "2026", "-d", hub)["imported"]


def test_a_day_that_is_no_longer_in_the_list_is_gone(hub: Path, announced: Path, tmp_path: Path) -> None:
    """A year is replaced, not added to; of two years in one file only the one that differs is."""
    run("calendar", "import", announced, "-d", hub)
    both = tmp_path / "both.csv"
    both.write_bytes(write_calendar([*shipped_calendar()[2027], *shipped_calendar()[2026]]))
    assert facts("calendar", "import", both, "-d", hub) == {"changed": [2026, 2027]}
    assert TET.isoformat() not in [day["day"] for day in facts("calendar", "show", "2027", "-d", hub)["days"]]
    assert facts("calendar", "import", announced, "-d", hub) == {"changed": [2027]}


def test_what_is_exported_is_what_is_imported(hub: Path, announced: Path, tmp_path: Path) -> None:
    """Byte for byte; to the screen or into a file."""
    run("calendar", "import", announced, "-d", hub)
    out = tmp_path / "out.csv"
    run("calendar", "export", "2027", "-o", out, "-d", hub)
    assert out.read_bytes() == announced.read_bytes()
    assert run("calendar", "export", "2027", "-d", hub).stdout_bytes == announced.read_bytes()


def test_a_year_nobody_knows_is_not_exported(hub: Path, tmp_path: Path) -> None:
    """And no empty file is left."""
    out = tmp_path / "out.csv"
    assert rules(run("calendar", "export", "2031", "-o", out, "-d", hub, code=1)) == ["calendar-unknown"]
    assert not out.exists()


def test_a_list_with_faults_is_not_written_and_all_are_told(hub: Path, announced: Path) -> None:
    """Good lines between bad ones wait until all are good."""
    with announced.open("a", encoding="utf-8") as file:
        file.write("2027-13-01,off,x\n2027-02-11,off,x\n2027-03-01,worked,\n")
    ran = run("calendar", "import", announced, "-d", hub, code=1)
    assert rules(ran) == ["day-form", "day-repeated", "worked-on-weekday", "name-missing"]
    assert "dòng/line 18, day" in ran.stderr
    assert not facts("calendar", "show", "2027", "-d", hub)["imported"]
    assert list(replacements(hub)) == []


async def test_a_running_walk_notices_what_another_process_imported(hub: Path, announced: Path) -> None:
    """Within a second or so; at once when it must be certain."""
    async with open_office(load_config(hub / "config.toml")) as office:
        before = await office.working_days.current()
        assert before.is_working(TET)
        assert await office.working_days.current() is before
        await asyncio.to_thread(run, "calendar", "import", announced, "-d", hub)
        assert not (await office.working_days.current(certainly=True)).is_working(TET)
        await office.working_days.replace_years(shipped_calendar()[2027], by="an", at=now())
        assert (await office.working_days.current()).is_working(TET)
        command = (sys.executable, "-m", "gateway", "calendar", "import", str(announced), "-d", str(hub))
        other = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
        assert await other.wait() == 0
        async with asyncio.timeout(10):
            while (await office.working_days.current()).is_working(TET):  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(0.1)


async def test_a_newer_program_brings_newer_days_but_not_over_an_import(
    hub: Path, announced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody imported stays; the rest is what is shipped."""
    await asyncio.to_thread(run, "calendar", "import", announced, "-d", hub)
    newer = {**shipped_calendar(), 2027: (ANNOUNCED,), 2028: (ANNOUNCED,)}
    monkeypatch.setattr("gateway.store.calendar.shipped_calendar", lambda: newer)
    async with open_office(load_config(hub / "config.toml")) as office:
        years = await load_calendar(office.database)
    assert set(years[2027]) == set(NEXT_YEAR)
    assert years[2028] == (ANNOUNCED,)


def test_the_settings_are_the_rules_of_the_timers(hub: Path) -> None:
    """Their defaults are those of the craft; a hub polls nobody."""
    rules_of = timer_rules_of(load_config(hub / "config.toml"))
    assert rules_of == TimerRules(polled_every=timedelta())
    with (hub / "config.toml").open("a") as file:
        file.write('\n[deadlines]\nreceived_until = "17:00"\nrecall_answered_within_working_days = 3\n')
    rules_of = timer_rules_of(load_config(hub / "config.toml"))
    assert (rules_of.received_until, rules_of.recall_answered_within_working_days) == (time(17), 3)


@pytest.mark.parametrize("noon", ['"24:00"', '"12"', "12:00:00", '"12:60"', '""', "12"])
def test_an_hour_that_is_none_stops_the_start(hub: Path, noon: str) -> None:
    """Told with what was found."""
    with (hub / "config.toml").open("a") as file:
        file.write(f"\n[deadlines]\nnoon = {noon}\n")
    assert rules(run("calendar", "show", "-d", hub, code=2)) == ["setting-wrong"]
