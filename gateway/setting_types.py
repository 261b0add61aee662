"""One setting of config.toml: how it is written, and what is said when it is wrong.

The tables these settings stand in are in `config`, which is the only room that comes here.
"""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway.errors import Fault
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
_UNIT_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _wrong(vi: str, en: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{en}", {"vi": vi, "en": en})


def _read_amount(text: object, units: Mapping[str, int], vi: str, en: str) -> int:
    form = rf"(\d{{1,6}}) ?({'|'.join(units)})"
    match = re.fullmatch(form, text, re.ASCII) if isinstance(text, str) else None
    if match is None:
        raise _wrong(f"phải là {vi}; đang là {text!r}", f"must be {en}; found {text!r}")
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
    return timedelta(milliseconds=milliseconds)


def read_hour(text: object) -> time:
    """Read an hour of the day, "11:30"."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII) if isinstance(text, str) else None
    if match is None:
        raise _wrong(
            f'phải là giờ trong ngày như "11:30"; đang là {text!r}',
            f'must be an hour of the day such as "11:30"; found {text!r}',
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
        raise _wrong("phải từ 1 ngày đến 1000 năm", "must be from a day to a thousand years")
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


def _check_code(raw: str) -> AgencyCode:
    code = normalise_code(raw)
    if not is_agency_code(code):
        raise _wrong(
            f"phải là mã định danh như H57.1.2 hoặc 000.00.12.H57; đang là {raw!r}",
            f"must be an agency code such as H57.1.2 or 000.00.12.H57; found {raw!r}",
        )
    return code


def _check_addressee(raw: str) -> str:
    return raw if is_mail_address(raw) else _check_code(raw)


def _check_origin(raw: str) -> str:
    # As evidence/checkpoint.py has it; that room stands above this one.
    if not re.fullmatch(r"[A-Za-z0-9][^\s+\x00-\x1f]*", raw):
        raise _wrong(
            f"phải là tên nhật ký như 000.00.12.H57/log; đang là {raw!r}",
            f"must be a log's name such as 000.00.12.H57/log; found {raw!r}",
        )
    return raw


def _check_url(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        fits = fits and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        fits = False
    if not fits:
        # What stands there is not repeated: it may hold a password.
        raise _wrong("phải là địa chỉ http(s)://máy[:cổng]/đường-dẫn", "must be http(s)://host[:port]/path")
    return raw.rstrip("/")  # the name of the operation is appended as "/{operation}"


def _check_object_place(raw: str) -> str:
    # Names as the stores themselves allow them; what follows is a path of plain names.
    if raw and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._-]*)*", raw):
        raise _wrong(
            f"phải là s3://tên-bucket/tiền-tố, hoặc để trống; đang là {raw!r}",
            f"must be s3://bucket/prefix, or empty; found {raw!r}",
        )
    return raw


def _check_database(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        fits = parts.scheme == "postgresql" and parts.path.strip("/") and not parts.password
    except ValueError:
        fits = False
    if not fits:
        # What stands there is not repeated: it may hold a password.
        raise _wrong(
            "phải là postgresql://người-dùng@máy[:cổng]/cơ-sở-dữ-liệu, không có mật khẩu",
            "must be postgresql://user@host[:port]/database, without a password",
        )
    return raw


def _under_directory(path: Path | None, place: ValidationInfo) -> Path | None:
    return path and (place.context or {})["directory"] / path


def in_directory(name: str) -> Any:
    """Make the default of a path that lies in the data directory."""
    return Field(name, validate_default=True)


Duration = Annotated[timedelta, BeforeValidator(read_duration), Field(gt=timedelta())]
Term = Annotated[timedelta, BeforeValidator(read_term)]
Pause = Annotated[timedelta, BeforeValidator(read_duration)]
"""A duration that may be "0s"."""
Size = Annotated[int, BeforeValidator(read_size)]
Hour = Annotated[time, BeforeValidator(read_hour)]
Count = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
Code = Annotated[AgencyCode, AfterValidator(_check_code)]
WorkingDays = Annotated[int, Field(ge=1, le=250)]
Addressee = Annotated[str, AfterValidator(_check_addressee)]
Name = Annotated[SystemId, Field(min_length=1)]
Origin = Annotated[str, AfterValidator(_check_origin)]
Url = Annotated[str, AfterValidator(_check_url)]
ObjectPlace = Annotated[str, AfterValidator(_check_object_place)]
LocalPath = Annotated[Path, AfterValidator(_under_directory)]
"""A path relative to the data directory, made absolute."""

# TOML has no null: an empty string says "none".
_none_when_empty = BeforeValidator(lambda text: None if text == "" else text)
OptionalUrl = Annotated[str | None, _none_when_empty, AfterValidator(lambda raw: raw and _check_url(raw))]
OptionalText = Annotated[str | None, _none_when_empty]
OptionalDatabase = Annotated[
    str | None, _none_when_empty, AfterValidator(lambda raw: raw and _check_database(raw))
]
OptionalHour = Annotated[time | None, BeforeValidator(lambda text: None if text == "" else read_hour(text))]
OptionalPath = Annotated[Path | None, _none_when_empty, AfterValidator(_under_directory)]


def is_size(field: FieldInfo) -> bool:
    """Tell whether a setting is a size; to the program it is only a number."""
    return BeforeValidator(read_size) in field.metadata


_WORDS = {
    "missing": ("thiếu thiết lập bắt buộc này", "this setting is required"),
    "extra_forbidden": ("không có thiết lập nào tên như vậy", "there is no such setting"),
    "bool_type": ("phải là true hoặc false", "must be true or false"),
    "int_type": ("phải là số nguyên", "must be a whole number"),
    "float_type": ("phải là số", "must be a number"),
    "string_type": ("phải là chuỗi trong dấu ngoặc kép", "must be text in quotes"),
    "string_too_short": ("không được để trống", "must not be empty"),
    "tuple_type": ("phải là danh sách [...]", "must be a list [...]"),
    "model_type": ("phải là một bảng", "must be a table"),
    "enum": ("phải là một trong: {expected}", "must be one of: {expected}"),
    "literal_error": ("phải là một trong: {expected}", "must be one of: {expected}"),
    "greater_than": ("phải lớn hơn {gt}", "must be more than {gt}"),
    "greater_than_equal": ("phải từ {ge} trở lên", "must be at least {ge}"),
    "less_than": ("phải nhỏ hơn {lt}", "must be less than {lt}"),
    "less_than_equal": ("không được quá {le}", "must be at most {le}"),
    "setting": ("{vi}", "{en}"),
}
_RULES = {"missing": "setting-missing", "extra_forbidden": "setting-unknown"}


def fault_of(detail: ErrorDetails) -> Fault:
    """Say what pydantic found wrong in the words of an operator.

    Shape: where is the key with its table in front, ``axis.poll_every``.
    """
    vi, en = _WORDS.get(detail["type"], ("giá trị không hợp lệ", "the value is not valid"))
    found = detail.get("ctx", {})
    return Fault(
        rule=_RULES.get(detail["type"], "setting-wrong"),
        where=".".join(map(str, detail["loc"])),
        vi=vi.format(**found),
        en=en.format(**found),
    )
