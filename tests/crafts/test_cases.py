"""The numbered cases: packages in the manner of real systems, and hostile ones, each with what it says.

Every malformed package met becomes a folder under tests/cases before it becomes a fix.
"""

import hashlib
import io
import json
from pathlib import Path

import pytest
from lxml import etree

from gateway.edxml.faults import RULES
from gateway.edxml.xml import hash_canonical, scan_package
from tests.crafts.reading_kit import tell

CASES = sorted(path.parent for path in Path(__file__).parents[1].glob("cases/*/package.edxml"))


def _said(case: Path) -> dict[str, object]:
    return json.loads((case / "expected.json").read_text("utf-8"))


ACCEPTED = [case for case in CASES if "refused" not in _said(case)]


def _named(case: Path) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=_named)
def test_a_package_says_what_it_should(case):
    """Kind, parties, identifiers, files and every oddity; or the refusal with all its rules."""
    assert tell((case / "package.edxml").read_bytes()) == _said(case)


@pytest.mark.parametrize("case", ACCEPTED, ids=_named)
def test_a_package_has_the_canonical_form_of_its_whole(case):
    """Whatever the dialect, outline and streamed payloads hash as lxml's canonical form of the whole."""
    content = (case / "package.edxml").read_bytes()
    whole = etree.fromstring(content, etree.XMLParser(remove_comments=True, resolve_entities=False))
    expected = hashlib.sha256(etree.tostring(whole, method="c14n", exclusive=True, with_comments=False))
    source = io.BytesIO(content)
    assert hash_canonical(scan_package(source), source) == expected.digest()


@pytest.mark.parametrize("case", CASES, ids=_named)
def test_a_case_says_why_it_is_there(case):
    """A folder holds a package, what it says, and a sentence about where it comes from."""
    assert {path.name for path in case.iterdir()} == {"package.edxml", "expected.json", "readme.md"}
    assert len((case / "readme.md").read_text("utf-8").splitlines()) >= 3


def test_every_case_is_numbered_once():
    """Numbers are how cases are spoken of."""
    numbers = [case.name[:2] for case in CASES]
    assert len(numbers) >= 12
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_speaks_both_languages(rule):
    """Vietnamese for the clerk, English for the integrator, neither copied from the other."""
    vi, en = RULES[rule]
    assert vi
    assert en
    assert vi != en
