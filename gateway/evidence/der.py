"""DER, as much of it as a timestamp is made of: a strict reader, and a writer for what we ask.

Lengths have their one shortest form and everything is read to its end. Only the order within a SET is not
insisted on: `openssl ts` leaves certificates in whatever order it was given them, and so do authorities.
Whatever is amiss is a ValueError; timestamp.py says it in our words.
Source: X.690, sections 8 and 10.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn

BOOLEAN, INTEGER, OCTETS, OID, TIME, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x06, 0x18, 0x30, 0x31

_TIME_FORM = re.compile(rb"(\d{14})(?:\.(\d*[1-9]))?Z")


@dataclass(frozen=True, slots=True)
class Element:
    """One value with its tag. raw is its whole encoding, content what the length counts."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list["Element"]:
        """Read the elements that this one is made of."""
        if not self.tag & 0x20:
            _refuse("not constructed")
        found, at = [], 0
        while at < len(self.content):
            element = _read_at(self.content, at)
            found.append(element)
            at += len(element.raw)
        return found

    def expect(self, tag: int) -> "Element":
        """Return the element itself when it has a tag."""
        if self.tag != tag:
            _refuse(f"tag {self.tag:#x} where {tag:#x} belongs")
        return self

    def integer(self) -> int:
        """Read a whole number."""
        content = self.expect(INTEGER).content
        # A first byte that only repeats the sign of the next one is not the shortest form.
        if not content or (len(content) > 1 and content[0] in (0, 0xFF) and (content[0] ^ content[1]) < 0x80):
            _refuse("not the shortest integer")
        return int.from_bytes(content, "big", signed=True)

    def oid(self) -> str:
        """Read an object identifier, dotted."""
        arcs, arc, fresh = [], 0, True
        for byte in self.expect(OID).content:
            if fresh and byte == 0x80:
                _refuse("not the shortest arc")
            arc, fresh = arc << 7 | byte & 0x7F, byte < 0x80
            if fresh:
                arcs.append(arc)
                arc = 0
        if not arcs or not fresh:
            _refuse("an identifier without an end")
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def instant(self) -> datetime:
        """Read a GeneralizedTime; what is finer than a microsecond is cut off."""
        found = _TIME_FORM.fullmatch(self.expect(TIME).content)
        if found is None:
            _refuse("not a GeneralizedTime in UTC")
        whole = datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return whole + timedelta(microseconds=int((found[2] or b"0")[:6].ljust(6, b"0")))


def read_der(raw: bytes) -> Element:
    """Read bytes that are one element and nothing behind it."""
    element = _read_at(raw, 0)
    return element if len(element.raw) == len(raw) else _refuse("something stands behind the end")


def write_der(tag: int, *parts: bytes) -> bytes:
    """Write an element."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    counted = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(counted))) + counted + content


def write_integer(number: int) -> bytes:
    """Write a whole number that is not negative."""
    return write_der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _read_at(raw: bytes, at: int) -> Element:
    if len(raw) < at + 2:
        _refuse("cut short")
    tag, length, begin = raw[at], raw[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        _refuse("a tag of several bytes")
    if length >= 0x80:
        count = length & 0x7F
        length, begin = int.from_bytes(raw[begin : begin + count], "big"), begin + count
        if not 1 <= count <= 4 or length < 0x80 or length < 1 << 8 * (count - 1):
            _refuse("not the shortest length")
    if len(raw) < begin + length:
        _refuse("cut short")
    return Element(tag, raw[begin : begin + length], raw[at : begin + length])


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)
