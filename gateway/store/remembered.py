"""What searches remember of one another: sets that take long to read and are asked for again and again.

Blocks never change but in how their documents stand, which is not remembered; so nothing here grows old.
"""

from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Known = TypeVar("Known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered(Generic[Known]):
    """Something of each block under a name; what was not asked for longest is forgotten.

    Units: with ten million documents a name costs a megabyte, the digits of numbers or days some twenty.
    """

    names_at_most: int
    _kept: "OrderedDict[Hashable, dict[int, Known]]" = field(default_factory=OrderedDict)

    def of(self, name: Hashable, blocks: Collection[int]) -> dict[int, Known]:
        """Return what is known under a name of the blocks there are: to be read, and to be added to."""
        known = self._kept.pop(name, {})
        for block in known.keys() - blocks:
            del known[block]
        self._kept[name] = known
        if len(self._kept) > self.names_at_most:
            self._kept.popitem(last=False)
        return known
