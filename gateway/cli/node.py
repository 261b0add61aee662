"""The node a command works on: its data directory, opened for an operator."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.errors import Misconfiguration

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.exchange.directory import Snapshot
    from gateway.office import Office
    from gateway.store.database import Database

CONFIG_NAME = "config.toml"
Command = TypeVar("Command", bound=Callable[..., Any])


def directory_option(command: Command) -> Command:
    """Give a command the option that names its data directory."""
    return click.option(
        "--dir",
        "-d",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="LIENTHONG_DIR",
        default=".",
        show_envvar=True,
        show_default=True,
        help="Thư mục dữ liệu của nút. · The node's data directory.",
    )(command)


def meant_folder(ctx: click.Context, folder: Path) -> Path:
    """Let the option stand before a subcommand as well: ``log -d DIR show SEQ`` means what it says."""
    given = click.core.ParameterSource.COMMANDLINE
    here: click.Context | None = ctx
    while here is not None:
        if "folder" in here.params and here.get_parameter_source("folder") is given:
            return Path(here.params["folder"])
        here = here.parent
    return folder


def is_node(folder: Path) -> bool:
    """Tell whether a folder is a node's data directory."""
    return (folder / CONFIG_NAME).is_file()


def load_node(folder: Path) -> "Config":
    """Load the configuration of a data directory.

    Errors: Misconfiguration with every fault, or when the folder is no data directory.
    """
    from gateway.config import load_config

    if not is_node(folder):
        raise Misconfiguration.because(
            "no-node-here",
            where=str(folder),
            vi="không phải thư mục dữ liệu (thiếu config.toml); dùng --dir, LIENTHONG_DIR, lienthong init",
            en="not a data directory (no config.toml); use --dir, LIENTHONG_DIR, lienthong init",
        )
    return load_config(folder / CONFIG_NAME)


@contextlib.asynccontextmanager
async def open_node(folder: Path) -> AsyncIterator["Office"]:
    """Open a data directory for an operator's command; a server may be running on it."""
    from gateway.office import open_office

    async with open_office(load_node(folder)) as office:
        yield office


@contextlib.asynccontextmanager
async def open_records(folder: Path) -> AsyncIterator["Database"]:
    """Open only the database of a data directory, for commands that look and change nothing.

    No key is read: whoever may read the records need not be able to sign in the node's name.
    """
    from gateway.source import source_of
    from gateway.store.database import open_database

    config = load_node(folder)
    storage = config.storage
    database = await open_database(source_of(config), linger=storage.linger, batch_limit=storage.batch_limit)
    try:
        yield database
    finally:
        await database.close()


async def load_directory(folder: Path) -> "Snapshot":
    """Load the directory of a node."""
    from gateway.exchange.directory import Directory

    async with open_records(folder) as database:
        return await Directory(database=database).current(certainly=True)


def operator_name() -> str:
    """Name who is acting, for the audit log: the operating system's word, not the environment's."""
    try:
        import pwd
    except ImportError:  # not on this system
        import getpass

        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
