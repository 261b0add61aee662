"""One form for every text that is compared or kept."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

# The first and the last code point with a combining class.
_ALL_MARKS = filter(unicodedata.combining, map(chr, range(0x300, 0x1E94B)))
_MARKS = "".join(map(re.escape, _ALL_MARKS))
_LONG_RUN = re.compile(f"([{_MARKS}]{{30}})[{_MARKS}]+")
# No mark is a letter or a digit, and asking for neither is ten times quicker than asking for marks.
_PERHAPS_LONG_RUN = re.compile(r"\W{31}")


def normalise(text: str, form: Literal["NFC", "NFKC", "NFD", "NFKD"] = "NFC") -> str:
    """Bring a text to a Unicode normal form in time that grows with its length, whoever wrote it.

    Source: UAX #15, section 13 (Stream-Safe Text Format): at most 30 combining marks stand in a row.
    Sorting a longer run takes time that grows with its square, and no language writes one; the rest is cut.
    """
    if text.isascii():
        return text
    if _PERHAPS_LONG_RUN.search(text):
        text = _LONG_RUN.sub(r"\1", text)
    return unicodedata.normalize(form, text)


def visible(text: str) -> str:
    """Leave out what nobody sees, such as turns of direction; white space is a space, a line's end stays."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign == "\n" else " " if sign.isspace() else "" for sign in text
    )


def one_line(text: str) -> str:
    """Bring a name somebody typed to one visible line."""
    return " ".join(visible(text).split())


# Letters that decompose into none of their own.
_PLAIN = str.maketrans({"đ": "d", "ð": "d", "ı": "i"})
_WORDS = re.compile(r"[^\W_]+")
_LONGEST_WORD = 64


# Names of agencies, types and people come with every document, and mostly the same ones.
_SHORT = 128
_KEPT = 4096


def fold(text: str) -> str:
    """Bring a text to the form in which letter case, accents and runs of white space do not count."""
    return _folded(text) if len(text) <= _SHORT else _folded.__wrapped__(text)


@lru_cache(maxsize=_KEPT)
def _folded(text: str) -> str:
    letters = normalise(text.casefold().translate(_PLAIN), "NFKD")
    if not letters.isascii():
        letters = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join(letters.split())


def words_of(text: str) -> list[str]:
    """Cut a text into folded words; of numbers the leading zeros do not count.

    ``0412/SYT-VP`` is 412, syt, vp. What is longer than any word is cut.
    """
    return list(_words_in(text) if len(text) <= _SHORT else _words_in.__wrapped__(text))


@lru_cache(maxsize=_KEPT)
def _words_in(text: str) -> tuple[str, ...]:
    found = (word[:_LONGEST_WORD] for word in _WORDS.findall(fold(text)))
    return tuple([word.lstrip("0") or "0" if word.isdecimal() else word for word in found])


# What a spreadsheet takes for the beginning of a formula, or passes over before one.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def looks_like_formula(text: str) -> bool:
    """Tell whether a spreadsheet could take a text for a formula.

    Source: OWASP, "CSV Injection".
    """
    return text.lstrip(" \u00a0").startswith(_FORMULA_SIGNS)
