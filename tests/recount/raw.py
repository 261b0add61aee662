"""The raw packages of a gateway's folder: bytes as they were sent, read here with lxml and nothing of ours.

Of the node's tables only these are looked at: which bytes were accepted when and from which side, whose
mailboxes are here, and which agency was merged into which.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path

from lxml import etree

VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One package: when it was accepted, whether it came from beyond, and its bytes."""

    at: datetime
    came_in: bool
    content: bytes

    @property
    def day(self) -> date:
        """Its day in Vietnam."""
        return self.at.astimezone(VIETNAM).date()

    @cached_property
    def header(self) -> etree._Element:
        """What stands around the files."""
        root = etree.fromstring(self.content, etree.XMLParser(huge_tree=True, resolve_entities=False))
        return next(element for element in root.iter() if _name(element) == "edXMLHeader")

    def texts(self, *path: str) -> list[str]:
        """Every text at the end of a path, wherever it begins: ("To", "OrganId")."""
        steps = "/".join(f"*[local-name()='{step}']" for step in path)
        found = self.header.xpath(f".//{steps}")
        return ["".join(element.itertext()).strip() for element in found]

    def text(self, *path: str) -> str:
        """The first of them; empty when there is none."""
        return next(iter(self.texts(*path)), "")

    @cached_property
    def status(self) -> str:
        """What it says about another; empty when it is a document."""
        return self.text("MessageHeader", "StatusCode")

    @cached_property
    def sender(self) -> str:
        """Who sent it."""
        return self.text("From", "OrganId")

    @cached_property
    def recipients(self) -> list[str]:
        """Whom a document names."""
        return self.texts("To", "OrganId")

    @cached_property
    def document(self) -> str:
        """The identifier of a document, or of the one that a status is about."""
        return self.text("ResponseFor" if self.status else "MessageHeader", "DocumentId")

    @cached_property
    def business(self) -> int:
        """0 new, 1 recall, 2 update, 3 replacement."""
        return int(self.text("BussinessDocType") or 0)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A gateway's folder."""

    path: Path

    def packages(self) -> Iterator[Raw]:
        """All of them in the order in which they were accepted; what came for two agencies once."""
        seen = set()
        with closing(self._open()) as tables:
            rows = tables.execute(
                "SELECT accepted_at, direction, digest, bytes FROM packages LEFT JOIN blobs USING (digest)"
                " ORDER BY packages.rowid"
            )
            for at, direction, digest, content in rows:
                came_in = direction == "inbound"
                if came_in and digest in seen:
                    continue
                seen.add(digest)
                assert content is not None, "large packages are not expected here"
                instant = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
                yield Raw(at=instant, came_in=came_in, content=content)

    def served(self) -> list[str]:
        """Whose mailboxes are here."""
        with closing(self._open()) as tables:
            query = "SELECT code FROM served_agencies JOIN systems ON id = system_id WHERE kind = 'dms'"
            return sorted(row[0] for row in tables.execute(query))

    def mergers(self) -> dict[str, tuple[str, datetime]]:
        """Who was merged into whom, and when."""
        with closing(self._open()) as tables:
            query = "SELECT code, merged_into, closed_at FROM agencies WHERE merged_into IS NOT NULL"
            start = datetime.fromtimestamp(0, UTC)
            return {
                code: (into, start + timedelta(microseconds=at)) for code, into, at in tables.execute(query)
            }

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.path / 'lienthong.db'}?mode=ro", uri=True)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
