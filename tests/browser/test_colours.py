"""Every colour of text against every ground it stands on, computed: light and dark."""

import re
from pathlib import Path

import pytest

CSS = Path("gateway/web/console/static/console.css").read_text("utf-8")
# Text needs 4.5 to 1 (WCAG 2.2, 1.4.3); edges of fields, icons and figures 3 to 1 (1.4.11).
TEXT = [
    *((ink, ground) for ink in ("ink", "quiet", "brand") for ground in ("ground", "surface", "sunken")),
    *((tone, f"{tone}-wash") for tone in ("good", "wait", "bad", "note", "calm", "brand")),
    *((tone, "surface") for tone in ("good", "wait", "bad", "note", "calm")),
    ("brand-ink", "brand"),
]
SIGNS = [
    *((f"figure-{tone}", "surface") for tone in ("in", "out", "bad", "wait", "calm")),
    *(("edge", ground) for ground in ("surface", "sunken", "ground")),
    *(("focus", ground) for ground in ("surface", "ground")),
]


def palette(opening: str) -> dict[str, str]:
    """The colours a rule gives."""
    block = CSS.split(opening, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


LIGHT = palette(":root {")
DARK = LIGHT | palette(':root[data-theme="dark"] {')


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_all_text_can_be_read_and_all_signs_be_seen(colours: dict[str, str]) -> None:
    """No pair below its ratio."""
    weak = {
        (ink, ground): round(contrast(colours[ink], colours[ground]), 2)
        for pairs, least in ((TEXT, 4.5), (SIGNS, 3))
        for ink, ground in pairs
        if contrast(colours[ink], colours[ground]) < least
    }
    assert weak == {}


def test_dark_by_the_system_and_dark_by_choice_are_the_same() -> None:
    """The two rules that make the page dark give the same colours."""
    assert palette(':root:not([data-theme="light"]) {') == palette(':root[data-theme="dark"] {')
    assert palette(':root:not([data-theme="light"]) {').keys() <= LIGHT.keys()


def test_the_ratio_is_computed_as_the_guidelines_say() -> None:
    """Black on white is 21 to 1; the grey that just passes is 4.54."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
