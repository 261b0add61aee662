"""Changes single settings in the text of a config.toml; everything else in it stays as somebody wrote it."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from gateway.errors import Misconfiguration


def setting_lines(settings: Mapping[str, str]) -> list[str]:
    """Write settings as they stand in the file."""
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]


def with_settings(text: str, table: str, settings: Mapping[str, str]) -> str:
    """Set settings of one table; an empty text takes a setting away.

    Errors: Misconfiguration when the table is written in a way that is not understood here.
    """
    lines = text.splitlines()
    header = re.compile(rf"\s*\[\s*{table}\s*\]\s*(#.*)?")
    start = next((place for place, line in enumerate(lines) if header.fullmatch(line)), None)
    if start is None:
        lines += ["", f"[{table}]"]
        start = len(lines) - 1
    end = next((n for n in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[n])), len(lines))
    keys = re.compile(rf"\s*({'|'.join(settings)})\s*=")
    kept = [line for line in lines[start + 1 : end] if not keys.match(line)]
    given = {key: value for key, value in settings.items() if value}
    changed = "\n".join([*lines[: start + 1], *setting_lines(given), *kept, *lines[end:]]) + "\n"
    _check(text, changed, table, settings)
    return changed


def rewrite(path: Path, text: str) -> None:
    """Put a new text in the place of a file's, whole or not at all."""
    making = path.with_name(f"{path.name}.part")
    making.touch(mode=path.stat().st_mode & 0o777)
    with making.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)


def _check(before: str, after: str, table: str, settings: Mapping[str, str]) -> None:
    """See that this and nothing else has changed."""
    wanted = tomllib.loads(before)
    held = {key: value for key, value in wanted.get(table, {}).items() if key not in settings}
    wanted[table] = held | {key: value for key, value in settings.items() if value}
    try:
        is_right = tomllib.loads(after) == wanted
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise Misconfiguration.because(
            "config-not-changed",
            where=table,
            vi="không tự sửa được config.toml; hãy tự sửa",
            en="config.toml cannot be changed by a program; change it by hand",
        )
