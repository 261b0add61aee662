"""The package's tree without its dialect: one spelling, trimmed text, order forgotten.

Producers bind the standard's namespace as default, as prefix, twice or not at all, and spell Bussiness
both ways. All of that ends here, so that the readers above speak of one tree only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from gateway.edxml import names
from gateway.edxml.faults import Findings, refusal
from gateway.model.text import normalise


@dataclass(slots=True)
class Part:
    """One element, understood: its path, its text, the parts within.

    Shape: path leaves out root and envelope (``edXMLHeader/MessageHeader/Subject``); text is trimmed
    and empty when there is none; parts maps a name to its elements in document order.
    """

    path: str
    text: str = ""
    parts: dict[str, list["Part"]] = field(default_factory=dict)

    def all(self, name: str) -> list["Part"]:
        """Return every part of that name."""
        return self.parts.get(name, [])

    def first(self, name: str) -> "Part":
        """Return the first part of that name, or an empty one standing where it would."""
        found = self.parts.get(name)
        return found[0] if found else Part(join_path(self.path, name))

    def value(self, name: str) -> str | None:
        """Return the text of the first part of that name, NFC; absent and empty mean the same: None."""
        found = self.parts.get(name)
        if not found or not found[0].text:
            return None
        text = found[0].text
        return normalise(text)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the texts of every part of that name, the empty ones left out."""
        return tuple(normalise(part.text) for part in self.all(name) if part.text)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Tell each text within, with the path of where it stands."""
        for parts in self.parts.values():
            for part in parts:
                if part.text:
                    yield part.path, part.text
                yield from part.texts()

    def check_once(self, findings: Findings, *once: str) -> None:
        """Fault parts we act upon that stand more than once: two readers could take different ones."""
        for name in once:
            if len(self.parts.get(name, ())) > 1:
                findings.fault("repeated-part", join_path(self.path, name), count=len(self.parts[name]))


def join_path(path: str, name: str) -> str:
    """Name a part within another; root and envelope are left out of every path."""
    if name == names.ENVELOPE:
        return path
    return f"{path}/{name}" if path else name


def read_tree(root: etree._Element, findings: Findings, *, depth: int) -> Part:
    """Take a parsed outline's tree out of its dialect.

    Shape: depth is how far elements may be nested.
    Elements of a foreign namespace are passed over; each kind of oddity is told once.
    Errors: Refusal when elements are nested deeper.
    """
    reading = _Reading(depth)
    reading.note(_spell(root.tag)[1], "")  # type: ignore[arg-type]  # the parser drops comments
    part = Part("", "", reading.read(root, "", 1))
    for rule, where in reading.oddities.items():
        findings.warn(rule, where)
    return part


class _Reading:
    """The walk over one tree, and what it gathers beside the parts."""

    __slots__ = ("_depth", "oddities")

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self.oddities: dict[str, str] = {}

    def read(self, element: etree._Element, path: str, level: int) -> dict[str, list[Part]]:
        """Read all that is below an element; a signature's inside is none of our business."""
        if level > self._depth:
            raise refusal("too-deep", limit=self._depth)
        parts: dict[str, list[Part]] = {}
        prefix = f"{path}/" if path else ""
        for child in element:
            name, oddity = _spell(child.tag)  # type: ignore[arg-type]  # the parser drops comments
            if oddity:
                self.note(oddity, join_path(path, name))
                if oddity == "foreign-namespace":
                    continue
            within = prefix + name if name != names.ENVELOPE else path
            text = child.text
            deep = len(child) and name not in names.SIGNATURES
            part = Part(
                within, text.strip() if text else "", self.read(child, within, level + 1) if deep else {}
            )
            if name in parts:
                parts[name].append(part)
            else:
                parts[name] = [part]
        return parts

    def note(self, oddity: str, where: str) -> None:
        """Note an oddity where it was first met."""
        if oddity:
            self.oddities.setdefault(oddity, where)


@lru_cache(maxsize=1024)
def _spell(tag: str) -> tuple[str, str]:
    """Name an element in the standard's spelling, and the rule its own name offends, if any."""
    namespace, name = names.split_tag(tag)
    if namespace == names.DS and name in names.SIGNATURES:
        return name, ""
    if namespace not in ("", names.NS):
        return name, "foreign-namespace"
    oddity = "business-spelling" if name in names.BUSINESS_SPELLINGS else ""
    return names.OTHER_SPELLINGS.get(name, name), oddity or ("" if namespace else "no-namespace")
