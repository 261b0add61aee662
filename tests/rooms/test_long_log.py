"""What is asked about one package is found by the package, however many entries of a kind there are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import attention, audit_log, packages
from gateway.store.consistency import RELATIONS
from gateway.store.database import migrate

_PACKAGES = {
    "package-unrecorded",
    "own-word-unrecorded",
    "end-unrecorded",
    "collection-unrecorded",
    "answer-unrecorded",
    "erasure-unrecorded",
}
_QUESTIONS = {
    "a receipt": audit_log._RECEIPT,
    "a package with its receipt": packages._WITH_RECEIPT,
    "why a dispatch failed": f"{attention._TROUBLE} TRUE",
    **{code: RELATIONS[code] for code in sorted(_PACKAGES)},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate an empty database: no node ever gathers statistics."""
    path = tmp_path_factory.mktemp("log") / "lienthong.db"
    migrate(path)
    return path


@pytest.mark.parametrize("about", _QUESTIONS)
def test_entries_of_a_package_are_found_by_the_package(about: str, path: Path) -> None:
    """By their kind a log of millions would be read for one of them, and by the doctor once a package."""
    question = _QUESTIONS[about]
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {question}", [None] * question.count("?"))
        found_by = [step for *_, step in plan if step.startswith(("SEARCH log ", "SCAN log"))]
    assert found_by == ["SEARCH log USING INDEX log_by_package (package_id=?)"]
