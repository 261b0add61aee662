"""Which database a configuration means, and how it means a file instead."""

from pathlib import Path
from urllib.parse import quote

from gateway.config import Config
from gateway.config_lines import with_settings
from gateway.errors import Misconfiguration
from gateway.store.tables import Server, Source


def source_of(config: Config) -> Source:
    """Say where the database of a node is, with its password when it has one.

    Errors: Misconfiguration when the password's file cannot be read.
    """
    storage = config.storage
    if storage.database is None:
        return storage.database_file
    if storage.database_password_file is None:
        return Server(address=storage.database)
    try:
        password = storage.database_password_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfiguration.because(
            "password-unreadable",
            where="storage.database_password_file",
            vi="không đọc được tệp mật khẩu",
            en="the file of the password cannot be read",
        ) from error
    joint = "&" if "?" in storage.database else "?"
    return Server(address=f"{storage.database}{joint}password={quote(password, safe='')}")


def on_sqlite(path: Path) -> dict[Path, str]:
    """Write a config.toml whose database is a file of its folder; the text comes under the path."""
    here = {"database": "", "database_password_file": ""}
    return {path: with_settings(path.read_text("utf-8-sig"), "storage", here)}
