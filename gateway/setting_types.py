"""One setting of config.toml: how it is written, and what is said when it is wrong.

The type of a setting is what the program gets, and the function that reads it out of what stands in the
file. The tables these settings stand in are in settings.py.
"""

import re
from collections.abc import Callable, Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import parse_qs, urlsplit

from gateway.model.identifiers import (
    AgencyCode,
    SystemId,
    is_agency_code,
    is_mail_address,
    normalise_code,
)
from gateway.model.retention import PERMANENT

_UNIT_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_TERM_DAYS = 366_000
# Instants are reckoned back by these, and clocks of the system know no time much longer.
_LONGEST_DURATION = timedelta(days=36_500)
_UNIT_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

_FORMS: dict[type, tuple[str, str]] = {
    bool: ("phải là true hoặc false", "must be true or false"),
    int: ("phải là số nguyên", "must be a whole number"),
    float: ("phải là số", "must be a number"),
    str: ("phải là chuỗi trong dấu ngoặc kép", "must be text in quotes"),
    list: ("phải là danh sách [...]", "must be a list [...]"),
    dict: ("phải là một bảng", "must be a table"),
}

T = TypeVar("T")
N = TypeVar("N", int, float)


class WrongSetting(ValueError):
    """What stands in the file is not what its setting takes; said in both languages."""

    def __init__(self, vi: str, en: str, *, found: object = None) -> None:
        if found is not None:
            there = repr(found) if isinstance(found, str) else str(found)
            vi, en = f"{vi}; đang là {there}", f"{en}; found {there}"
        super().__init__(en)
        self.vi, self.en = vi, en


def exactly(value: object, form: type[T]) -> T:
    """Take what stands in the file in the form it must have there; nothing is guessed, true is not 1."""
    if type(value) is not form:
        raise WrongSetting(*_FORMS[form])
    return value


def _read_amount(text: object, units: Mapping[str, int], vi: str, en: str) -> int:
    form = rf"(\d{{1,6}}) ?({'|'.join(units)})"
    match = re.fullmatch(form, text, re.ASCII) if isinstance(text, str) else None
    if match is None:
        raise WrongSetting(f"phải là {vi}", f"must be {en}", found=text)
    return int(match[1]) * units[match[2]]


def _write_amount(amount: int, units: Mapping[str, int], *, gap: str) -> str:
    """Write in the largest unit that leaves no rest."""
    fitting = [unit for unit, size in units.items() if amount % size == 0 and amount >= size]
    unit = fitting[-1] if fitting else next(iter(units))
    return f"{amount // units[unit]}{gap}{unit}"


def read_duration(text: object) -> timedelta:
    """Read "30s", "5m", "2h", "1d" or "2ms"."""
    forms = '"30s", "5m", "2h", "1d"'
    milliseconds = _read_amount(
        text, _UNIT_MILLISECONDS, f"khoảng thời gian như {forms}", f"a duration such as {forms}"
    )
    span = timedelta(milliseconds=milliseconds)
    if span > _LONGEST_DURATION:
        longest = write_duration(_LONGEST_DURATION)
        raise WrongSetting(f"không được quá {longest}", f"must be at most {longest}")
    return span


def read_hour(text: object) -> time:
    """Read an hour of the day, "11:30"."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII) if isinstance(text, str) else None
    if match is None:
        raise WrongSetting(
            'phải là giờ trong ngày như "11:30"', 'must be an hour of the day such as "11:30"', found=text
        )
    return time(int(match[1]), int(match[2]))


def read_term(text: object) -> timedelta:
    """Read how long something is kept: "3650d", "10y" or "permanent".

    Shape: a year counts as 366 days, so that nothing goes a day too early.
    """
    if text == "permanent":
        return PERMANENT
    forms = '"3650d", "10y"'
    vi, en = f'thời hạn lưu như {forms} hay "permanent"', f'a term such as {forms} or "permanent"'
    days = _read_amount(text, {"d": 1, "y": 366}, vi, en)
    if not 1 <= days <= _LONGEST_TERM_DAYS:
        raise WrongSetting("phải từ 1 ngày đến 1000 năm", "must be from a day to a thousand years")
    return timedelta(days=days)


def read_size(text: object) -> int:
    """Read "64 KiB", "50 MiB" or "1 GiB" as bytes."""
    forms = '"64 KiB", "50 MiB", "1 GiB"'
    return _read_amount(text, _UNIT_BYTES, f"dung lượng như {forms}", f"a size such as {forms}")


def write_duration(span: timedelta) -> str:
    """Write a duration or a term as it is read."""
    if span == PERMANENT:
        return "permanent"
    return _write_amount(span // timedelta(milliseconds=1), _UNIT_MILLISECONDS, gap="")


def write_size(size_bytes: int) -> str:
    """Write a size as it is read."""
    return _write_amount(size_bytes, _UNIT_BYTES, gap=" ")


def whole(least: int, most: int | None = None) -> Callable[[object], int]:
    """Make the reader of a whole number between two bounds."""
    return lambda value: _within(exactly(value, int), least, most=most)


def number(least: float, *, below: float | None = None) -> Callable[[object], float]:
    """Make the reader of a number between two bounds; a whole one is a number, too."""
    return lambda value: _within(
        float(value) if type(value) is int else exactly(value, float), least, below=below
    )


def _within(found: N, least: N, *, most: N | None = None, below: N | None = None) -> N:
    if not found >= least:  # what is not a number is not in order
        raise WrongSetting(f"phải từ {least} trở lên", f"must be at least {least}")
    if most is not None and found > most:
        raise WrongSetting(f"không được quá {most}", f"must be at most {most}")
    if below is not None and found >= below:
        raise WrongSetting(f"phải nhỏ hơn {below}", f"must be less than {below}")
    return found


def _read_lasting(value: object) -> timedelta:
    span = read_duration(value)
    if not span:
        raise WrongSetting("phải lớn hơn 0s", "must be more than 0s")
    return span


def _read_filled(value: object) -> str:
    text = exactly(value, str)
    if not text:
        raise WrongSetting("không được để trống", "must not be empty")
    return text


def _read_path(value: object) -> Path:
    return Path(exactly(value, str))


def _matching(form: str, vi: str, en: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = exactly(value, str)
        if not re.fullmatch(form, text):
            # What stands there is not repeated: it may hold a password.
            raise WrongSetting(vi, en)
        return text

    return read


def _read_code(value: object) -> AgencyCode:
    raw = exactly(value, str)
    code = normalise_code(raw)
    if not is_agency_code(code):
        raise WrongSetting(
            "phải là mã định danh như H57.1.2 hoặc 000.00.12.H57",
            "must be an agency code such as H57.1.2 or 000.00.12.H57",
            found=raw,
        )
    return code


def _read_addressee(value: object) -> str:
    raw = exactly(value, str)
    return raw if is_mail_address(raw) else _read_code(raw)


def _read_url(value: object) -> str:
    raw = exactly(value, str)
    try:
        parts = urlsplit(raw)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        fits = fits and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        fits = False
    if not fits:
        # What stands there is not repeated: it may hold a password.
        raise WrongSetting(
            "phải là địa chỉ http(s)://máy[:cổng]/đường-dẫn", "must be http(s)://host[:port]/path"
        )
    return raw.rstrip("/")  # the name of the operation is appended as "/{operation}"


def _read_database(value: object) -> str:
    raw = exactly(value, str)
    try:
        parts = urlsplit(raw)
        fits = parts.scheme == "postgresql" and parts.path.strip("/") and not parts.password
        fits = fits and not any("password" in key for key in parse_qs(parts.query, keep_blank_values=True))
    except ValueError:
        fits = False
    if not fits:
        # What stands there is not repeated: it may hold a password.
        raise WrongSetting(
            "phải là postgresql://người-dùng@máy[:cổng]/cơ-sở-dữ-liệu, không có mật khẩu",
            "must be postgresql://user@host[:port]/database, without a password",
        )
    return raw


def _optional(read: Callable[[object], T]) -> Callable[[object], T | None]:
    # TOML has no null: an empty string says "none".
    return lambda value: None if value == "" else read(value)


Duration = Annotated[timedelta, _read_lasting]
Pause = Annotated[timedelta, read_duration]
"""A duration that may be "0s"."""
Term = Annotated[timedelta, read_term]
Hour = Annotated[time, read_hour]
Size = Annotated[int, read_size]
Count = Annotated[int, whole(1, 1_000_000_000)]
WorkingDays = Annotated[int, whole(1, 250)]
Text = Annotated[str, _read_filled]
Name = Annotated[SystemId, _read_filled]
Code = Annotated[AgencyCode, _read_code]
Addressee = Annotated[str, _read_addressee]
Url = Annotated[str, _read_url]
LocalPath = Annotated[Path, _read_path]
"""A path relative to the data directory; `placed` makes it absolute."""
OptionalUrl = Annotated[str | None, _optional(_read_url)]
OptionalText = Annotated[str | None, _optional(_read_filled)]
OptionalDatabase = Annotated[str | None, _optional(_read_database)]
OptionalHour = Annotated[time | None, _optional(read_hour)]
OptionalPath = Annotated[Path | None, _optional(_read_path)]
Origin = Annotated[
    str,
    _matching(
        # As evidence/checkpoint.py has it; that room stands above this one.
        r"[A-Za-z0-9][^\s+\x00-\x1f]*",
        "phải là tên nhật ký như 000.00.12.H57/log",
        "must be a log's name such as 000.00.12.H57/log",
    ),
]
ObjectPlace = Annotated[
    str,
    _matching(
        # Names as the stores themselves allow them; what follows is a path of plain names.
        r"(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._-]*)*)?",
        "phải là s3://tên-bucket/tiền-tố, hoặc để trống",
        "must be s3://bucket/prefix, or empty",
    ),
]
