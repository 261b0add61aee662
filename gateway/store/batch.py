"""One transaction of many acts: rows that are added wait, and are written together, sheet by sheet.

They are written before anything else is changed, before a question that they could answer, and at the end at
the latest, so that no act can tell the difference. A savepoint is made for an act only once it changes
something otherwise: who only asks and adds is undone by forgetting what it added.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from gateway.store.sheets import IN_ORDER, Line, Sheet, Wanted
from gateway.store.tables import Parameters, Row, Rows, Writer, greatest, numbered

_Waiting = dict[Sheet, list[Line]]

_WORD = re.compile(r"[a-z_]+")
_STATEMENTS_KNOWN = 2000
# Fewer are asked one by one as quickly.
_FORESEEN_FROM = 3


@lru_cache(_STATEMENTS_KNOWN)
def _asked_about(sql: str) -> frozenset[Sheet] | None:
    """Tell the sheets that a question may be about; None for what is no mere question."""
    if not sql.startswith("SELECT "):
        return None
    words = set(_WORD.findall(sql))
    return frozenset(sheet for sheet in IN_ORDER if words & {sheet.table, *sheet.touches})


@dataclass(slots=True)
class Batch:
    """The tables of one transaction, as its acts see them."""

    writer: Writer
    _of_others: _Waiting = field(default_factory=dict)
    _own: _Waiting = field(default_factory=dict)
    _greatest: dict[Sheet, Any] = field(default_factory=dict)
    _has_savepoint: bool = False
    _has_changed: bool = False
    _is_spoiled: bool = False
    _foreseen: dict[Wanted, Sequence[Row]] = field(default_factory=dict)

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        """Run one statement, what it may need or ask about written first."""
        asked_about = _asked_about(sql)
        if asked_about is None:
            self._expect_change()
        elif not (asked_about.isdisjoint(self._own) and asked_about.isdisjoint(self._of_others)):
            self._write_all()
        return self.writer.statements.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        """Run one statement for each set of parameters."""
        self._expect_change()
        return self.writer.statements.executemany(sql, parameters)

    def add(self, sheet: Sheet, *lines: Line) -> None:
        """Let rows wait."""
        if not lines:
            return
        self._own.setdefault(sheet, []).extend(lines)
        if sheet in self._greatest:
            known, added = self._greatest[sheet], max(line[0] for line in lines)
            self._greatest[sheet] = added if known is None else max(known, added)

    def execute_beside(self, sql: str, parameters: Parameters = (), /) -> Rows:
        """Ask, of rows that were written."""
        return self.writer.statements.execute(sql, parameters)

    def waiting(self, sheet: Sheet) -> Iterable[Line]:
        """Return the rows that wait."""
        return chain(self._of_others.get(sheet, ()), self._own.get(sheet, ()))

    def find(self, wanted: Wanted, /) -> Sequence[Row]:
        """Find the rows that have a value; what waits is written first only where one of them has it."""
        place = wanted.sheet.columns.index(wanted.column)
        if wanted.value in [line[place] for line in self.waiting(wanted.sheet)]:
            self._write_all()
        if wanted in self._foreseen:
            return self._foreseen[wanted]
        return self.writer.statements.execute(wanted.question, (wanted.value,)).fetchall()

    def foresee(self, wanted: Sequence[Wanted]) -> None:
        """Find at once what acts are going to find one by one; forgotten with the first change."""
        together = defaultdict[str, list[Wanted]](list)
        for each in wanted:
            together[each.question_for_all].append(each)
        for question, these in together.items():
            if len(these) < _FORESEEN_FROM:
                continue
            found = defaultdict[str, list[Row]](list)
            for row in self.writer.statements.execute(question, (json.dumps([one.value for one in these]),)):
                found[row[these[0].column]].append(row)
            self._foreseen |= {one: found[one.value] for one in these}

    def greatest(self, sheet: Sheet) -> Any:
        """Return the greatest value of a sheet's first column; asked once, then known."""
        if sheet not in self._greatest:
            if any(True for _ in self.waiting(sheet)):
                self._write_all()
            self._greatest[sheet] = greatest(self.writer.statements, sheet)
        return self._greatest[sheet]

    @property
    def can_undo(self) -> bool:
        """Tell whether a statement that failed can be undone with its act, and the others go on."""
        return self._has_savepoint

    @property
    def is_spoiled(self) -> bool:
        """Tell whether rows of others could not be written: the act that met it is not to blame."""
        return self._is_spoiled

    def begin(self) -> None:
        """Begin the transaction, once nobody else writes."""
        self._of_others, self._own, self._greatest, self._foreseen = {}, {}, {}, {}
        self._has_savepoint = self._has_changed = self._is_spoiled = False
        self.writer.begin()

    def begin_act(self) -> None:
        """Begin what can be undone alone."""
        self._join_others()
        self._has_savepoint = False

    def undo_act(self) -> None:
        """Undo what was done since `begin_act`."""
        self._own = {}
        if self._has_savepoint:
            self.writer.undo_turn()

    def commit(self) -> bool:
        """Make it durable; tell whether anything was changed."""
        self._join_others()
        self._write_of_others()
        return self.writer.commit() and self._has_changed

    def _join_others(self) -> None:
        for sheet, lines in self._own.items():
            self._of_others.setdefault(sheet, []).extend(lines)
        self._own = {}

    def _write_all(self) -> None:
        if self._own:
            self._expect_change()
        else:
            self._write_of_others()

    def _expect_change(self) -> None:
        self._foreseen = {}
        if not self._has_savepoint:
            # Outside of it: what others added stays when this act is undone.
            self._write_of_others()
            self.writer.begin_turn()
            self._has_savepoint = self._has_changed = True
        self._write(self._own)

    def _write_of_others(self) -> None:
        self._is_spoiled = True
        self._write(self._of_others)
        self._is_spoiled = False

    def _write(self, waiting: _Waiting) -> None:
        for sheet in IN_ORDER if waiting else ():
            lines = waiting.pop(sheet, None)
            if lines:
                self._has_changed, self._foreseen = True, {}
                self.writer.add_lines(sheet, numbered(self.writer.statements, sheet, lines))
