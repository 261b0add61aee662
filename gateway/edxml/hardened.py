"""The hardened parser, and lxml's canonical form of a small tree: all that libxml2 ever sees passes here.

Nothing large comes here: xml.py says how a whole package is read, and put together again.
"""

import re

from lxml import etree

from gateway.edxml.faults import refusal

_ELEMENT = re.compile(rb"<([^\s<>/!?]+)")
_QUOTE = re.compile(rb"\s*[\"']")
_LONGEST_NAME_BYTES = 128
_MOST_NAMES = 400
_MOST_NAMESPACES = 200


def _check_names(text: bytes) -> None:
    """Refuse names by the thousand or of great length.

    The parser keeps every name it ever met, in memory that all packages share and that is never freed; the
    reader joins names to paths. The standard has some hundred names, none longer than 32 bytes.
    """
    found = set(_ELEMENT.findall(text))
    # An attribute's name is the word before "="; base64 ends in that sign too, but no quote follows it.
    before, *pieces = text.split(b"=")
    for piece in pieces:
        if _QUOTE.match(piece):
            found.update(before.rsplit(None, 1)[-1:])
        before = piece
    if len(found) > _MOST_NAMES or any(len(name) > _LONGEST_NAME_BYTES for name in found):
        raise refusal("names-excessive")
    if text.count(b"xmlns") > _MOST_NAMESPACES:
        raise refusal("names-excessive")


def parse(text: bytes, *, is_whole: bool = True) -> etree._Element:
    """Parse UTF-8 XML into a tree and return its root; of what is not whole, as far as it goes.

    Errors: Refusal when libxml2 finds a fault that expat let pass (a namespace rule, mostly).
    """
    _check_names(text)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
        recover=not is_whole,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise refusal("not-well-formed", line=error.lineno or 0, at=0) from error


def write_canonical(root: etree._Element) -> bytes:
    """Write a tree in its exclusive canonical form, without comments."""
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def write_canonical_without(element: etree._Element) -> bytes:
    """Write the element's whole tree as it is without the element, which is back in its place afterwards.

    The text behind it stays. Copying the tree would cost more than writing it.
    """
    parent, before, tail = element.getparent(), element.getprevious(), element.tail
    if parent is None:
        raise refusal("payload-markup")
    place, owner, name = parent.index(element), before, "tail"
    if owner is None:
        owner, name = parent, "text"
    text = getattr(owner, name)
    parent.remove(element)  # and the text behind it
    try:
        setattr(owner, name, (text or "") + (tail or ""))
        return write_canonical(parent.getroottree().getroot())
    finally:
        setattr(owner, name, text)
        parent.insert(place, element)
