"""One form for every text that is compared or kept."""

import re
import unicodedata
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
