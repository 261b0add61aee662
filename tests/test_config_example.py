"""config.example.toml is the manual page of the settings: nothing in it is untrue, nothing is left out."""

import re
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Config, load_config
from gateway.section import Section
from gateway.settings import Axis, Oidc, Peer

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
# What has no default and so needs a value, in a file that turns every table on.
REQUIRED = {
    *("name", "agency_code", "role", "axis.url", "axis.systemid", "axis.secret_file"),
    *("oidc.issuer", "oidc.client_id"),
    *(f"audit.peers.{each.name}" for each in fields(Peer)),
}
# Tables that are not there unless somebody writes them.
OPTIONAL: dict[str, type[Section]] = {"axis": Axis, "oidc": Oidc}
# Tables that may stand there many times, by the table they belong to.
REPEATED: dict[str, type[Section]] = {"peers": Peer}
UNITS = re.compile(
    r"\b(Duration|Hour|Size|Count|Number|File|Folder|List|Text|Yes or no|[Aa]ddress|port|Default|code)\b"
)


def uncommented(text: str) -> str:
    """Turn every setting of the example on: ``#key = value`` and ``#[table]``, but not ``# words``."""
    return re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE)


def settings_of(model: type[Section], table: str = "") -> dict[str, object]:
    """List a table's keys, ``axis.url``, with their defaults, tables within it opened."""
    found: dict[str, object] = {}
    for field in fields(model):
        inner = (OPTIONAL | REPEATED).get(field.name, field.type)
        if isinstance(inner, type) and issubclass(inner, Section):
            found |= settings_of(inner, f"{table}{field.name}.")
        else:
            found[table + field.name] = field.default
    return found


def required_of(model: type[Section]) -> list[str]:
    """List the keys of a table that have no default."""
    return [field.name for field in fields(model) if field.default is MISSING]


def explained_settings() -> dict[str, str]:
    """Map each key of the example to the words above it."""
    table, words, found = "", "", {}
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if header := re.fullmatch(r"#?\[+([\w.]+)\]+", line):
            table, words = header[1] + ".", ""
        elif key := re.match(r"#?([a-z_]+) = ", line):
            found[table + key[1]], words = words, ""
        else:
            words = words + line.removeprefix("#") if line else ""
    return found


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    """Lay out a data directory with the files the settings name."""
    (tmp_path / "peers").mkdir()
    for name in ("seal.key", "seal.pem", "secrets.key", "axis.secret", "peers/G22.pem"):
        (tmp_path / name).touch()
    return tmp_path


def load(directory: Path, text: str) -> Config:
    """Load text as the configuration of a data directory."""
    path = directory / "config.toml"
    path.write_text(text, "utf-8")
    return load_config(path)


def test_the_example_is_a_working_configuration(data_directory: Path) -> None:
    """As it stands, with three settings and everything else commented out, the example loads."""
    config = load(data_directory, EXAMPLE.read_text("utf-8"))
    assert (config.agency_code, config.role, config.axis) == ("000.00.12.H57", "gateway", None)


def test_every_default_in_the_example_is_the_real_one(data_directory: Path) -> None:
    """Turning every commented line on changes nothing, except that optional tables are there, at defaults."""
    text = EXAMPLE.read_text("utf-8")
    short = load(data_directory, text)
    full = load(data_directory, uncommented(text))
    changes: dict[str, Any] = {**dict.fromkeys(OPTIONAL), "audit": short.audit}
    assert replace(full, **changes) == short
    assert replace(full.audit, peers=()) == short.audit
    for name, model in OPTIONAL.items():
        table = getattr(full, name)
        assert table == model(**{key: getattr(table, key) for key in required_of(model)})


def test_every_setting_stands_in_the_example_in_the_order_of_the_code() -> None:
    """The manual page and the types list the same keys in the same order: neither grows alone."""
    assert list(explained_settings()) == list(settings_of(Config))


@pytest.mark.parametrize("key", settings_of(Config))
def test_each_setting_is_explained_with_its_unit_and_default(key: str) -> None:
    """A sentence, a unit or kind of value, and a default or the word that it is required."""
    words = explained_settings()[key]
    assert re.search(r"\w{2,}.*\.", words)
    assert UNITS.search(words) or key in REQUIRED
    assert re.search(r"\b[Rr]equired\b" if key in REQUIRED else r"\b[Dd]efault: \S", words)


def test_only_what_must_be_said_has_no_default() -> None:
    """A new setting comes with a default: an update must not stop a node that runs."""
    keys = set(required_of(Config))
    for table, model in {**OPTIONAL, "audit.peers": Peer}.items():
        keys |= {f"{table}.{name}" for name in required_of(model)}
    assert keys == REQUIRED
