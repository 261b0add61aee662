"""A table of config.toml, read by cattrs: whole, or every fault in it with its place.

What the tables are stands in settings.py; how a single setting is read, in setting_types.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from cattrs import AttributeValidationNote, BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn

from gateway.errors import Fault, Misconfiguration
from gateway.setting_types import WrongSetting, exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What all tables of the file share: each lists its settings by their keys."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return ((setting.name, getattr(self, setting.name)) for setting in fields(self))


S = TypeVar("S", bound=Section)


def read_section(table: Mapping[str, object], section: type[S]) -> S:
    """Read a table and all tables within it.

    Errors: Misconfiguration with every fault in them.
    """
    try:
        return _converter().structure(table, section)
    except BaseValidationError as error:
        raise Misconfiguration("config-wrong", list(_faults(error))) from error


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)

    @cache
    def made_for(section: type[Section]) -> Callable[..., Section]:
        return make_dict_structure_fn(section, converter)

    def read_table(value: object, kind: Any) -> Any:
        # Made when the first such table is met: most files have few of those there are.
        return made_for(kind)(exactly(value, dict))

    def read_list(value: object, kind: Any) -> Any:
        return homogenous_tuple_structure_factory(kind, converter)(exactly(value, list), kind)

    for form in (str, int, bool):
        converter.register_structure_hook(form, exactly)
    converter.register_structure_hook(StrEnum, _read_choice)
    for is_such, read in (
        (is_dataclass, read_table),
        (_made_of(tuple), read_list),
        (_made_of(Literal), _read_choice),
        (_made_of(Annotated), lambda value, kind: kind.__metadata__[0](value)),
    ):
        converter.register_structure_hook_func(is_such, read)
    return converter


def _made_of(origin: object) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _read_choice(value: object, kind: Any) -> Any:
    choices = get_args(kind) or tuple(kind)
    for choice in choices:
        if value == choice:
            return choice
    expected = ", ".join(f'"{choice}"' for choice in choices)
    raise WrongSetting(f"phải là một trong: {expected}", f"must be one of: {expected}")


def placed(value: Any, directory: Path) -> Any:
    """Make every path absolute that is in a table, or in a table within it."""
    if isinstance(value, Path):
        return directory / value
    if isinstance(value, tuple):
        return tuple(placed(each, directory) for each in value)
    if isinstance(value, Section):
        return replace(value, **{key: placed(each, directory) for key, each in value})
    return value


def _faults(error: Exception, *where: str) -> Iterator[Fault]:
    """Say what cattrs found wrong, and where: the key with its table in front, ``axis.poll_every``."""
    for note in getattr(error, "__notes__", ()):
        where += (str(note.name if isinstance(note, AttributeValidationNote) else note.index),)
    match error:
        case BaseValidationError():
            for each in error.exceptions:
                yield from _faults(each, *where)
        case ForbiddenExtraKeysError():
            for key in sorted(error.extra_fields):
                yield _fault(
                    "setting-unknown",
                    (*where, key),
                    "không có thiết lập nào tên như vậy",
                    "there is no such setting",
                )
        case KeyError():
            yield _fault("setting-missing", where, "thiếu thiết lập bắt buộc này", "this setting is required")
        case WrongSetting():
            yield _fault("setting-wrong", where, error.vi, error.en)
        case ValueError() | OverflowError():  # a number of thousands of digits
            yield _fault("setting-wrong", where, "giá trị không hợp lệ", "the value is not valid")
        case _:
            raise error


def _fault(rule: str, where: tuple[str, ...], vi: str, en: str) -> Fault:
    return Fault(rule=rule, where=".".join(where), vi=vi, en=en)
