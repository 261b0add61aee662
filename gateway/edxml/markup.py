"""Text → XML text, indented as the axis's own library does: the writer's alphabet.

An element whose value is missing is not written at all, for absent and empty mean the same.
"""

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from gateway.edxml import names
from gateway.edxml.faults import refusal

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STEP = "  "

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<{names.ROOT} xmlns="{names.NS}">\n'
    f'  <edXML:{names.ENVELOPE} xmlns:edXML="{names.NS}">\n'
)
ENVELOPE_END = f"  </edXML:{names.ENVELOPE}>\n"
END = f"</{names.ROOT}>\n"


def leaf(name: str, value: object | None) -> str:
    """Write an element with text; nothing for None or an empty text.

    Errors: Refusal when the text has characters that XML does not allow.
    """
    text = "" if value is None else str(value)
    return f"<edXML:{name}>{escape_text(text, name)}</edXML:{name}>\n" if text else ""


def kept_leaf(name: str, value: str | None) -> str:
    """Write an element that some readers expect even when it is empty."""
    return leaf(name, value) or f"<edXML:{name}></edXML:{name}>\n"


def branch(name: str, *parts: str) -> str:
    """Write an element around others; nothing when none of them is there."""
    inside = "".join(parts)
    return kept_branch(name, inside) if inside else ""


def kept_branch(name: str, *parts: str) -> str:
    """Write an element around others, even when it is empty."""
    return f"<edXML:{name}>\n{indent(''.join(parts))}</edXML:{name}>\n"


def leaves(name: str, values: Iterable[object]) -> str:
    """Write one element for each value."""
    return "".join(leaf(name, value) for value in values)


def indent(text: str, steps: int = 1) -> str:
    """Move lines to the right.

    A line end inside a value is written as a reference, so every line here begins with a tag.
    """
    margin = _STEP * steps
    return "".join(margin + line for line in text.splitlines(keepends=True))


def escape_text(text: str, where: str) -> str:
    """Escape a value for XML.

    Errors: Refusal when it has characters that XML does not allow.
    """
    if _NOT_XML.search(text):
        raise refusal("content-not-xml", where)
    return escape(
        text, {"\r": "&#13;", "\n": "&#10;", "\x85": "&#133;", "\u2028": "&#8232;", "\u2029": "&#8233;"}
    )
