"""What a plan adds up to: who must have sent, got, said and heard what, and how every obligation stands.

Worked out from the plan alone, act by act, by the rules that gateways keep; no gateway is asked, and nothing
of how it counts is used. The rules: docs/simulator.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from gateway.model.code_lists import Business, StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, DocumentId
from gateway.sandbox.nation.acts import Act, Merging, Plan, Saying, Sending
from gateway.sandbox.nation.debts import Debts


class Arrival(NamedTuple):
    """One package in one mailbox. Shape: says is the business of a document, the code of a status."""

    to: AgencyCode
    sender: AgencyCode
    document_id: DocumentId
    says: str

    @property
    def is_status(self) -> bool:
        """Tell whether it is an answer. Shape: a business has one digit, a status two."""
        return len(self.says) == 2


OnDay = tuple[str, date]
"""What is counted by the day: a type, or what a package says."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one agency did and got.

    Shape: sent counts each document once, by type and promulgation day, deliveries_count every agency that
    got one; arrived is by type and day of arrival. handed_over and got count packages by what they say: those
    its DMS sent, and all that came, statuses said by machines included.
    """

    sent: Counter[OnDay] = field(default_factory=Counter)
    deliveries_count: int = 0
    arrived: Counter[OnDay] = field(default_factory=Counter)
    handed_over: Counter[OnDay] = field(default_factory=Counter)
    got: Counter[OnDay] = field(default_factory=Counter)

    @property
    def declined_count(self) -> int:
        """Count the documents this agency turned away, which are counted as arrived before."""
        return sum(count for (says, _), count in self.handed_over.items() if says == StatusCode.DECLINED)


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The figures so far; every act is entered in the order of time."""

    tallies: defaultdict[AgencyCode, Tally] = field(default_factory=lambda: defaultdict(Tally))
    debts: Debts = field(default_factory=Debts)
    _holders: dict[DocumentId, set[AgencyCode]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> "Ledger":
        """Enter a whole plan."""
        ledger = cls()
        for act in plan.acts:
            ledger.enter(act)
        return ledger

    def enter(self, act: Act) -> list[Arrival]:
        """Enter one act; return every package that must arrive because of it."""
        self.debts.enter(act)
        if isinstance(act, Merging):
            return []
        day = local_day(act.at)
        arrivals = list(self._send(act, day) if isinstance(act, Sending) else self._say(act, day))
        for arrival in arrivals:
            self.tallies[arrival.to].got[arrival.says, day] += 1
        return arrivals

    def _send(self, act: Sending, day: date) -> Iterator[Arrival]:
        letter, tally = act.letter, self.tallies[act.by.code]
        says, document_id = str(int(act.business)), letter.document_id
        tally.handed_over[says, day] += 1
        if act.business in (Business.NEW, Business.REPLACE):
            tally.sent[letter.type_name, letter.day] += 1
        holders = self._holders.setdefault(document_id, set())
        for code in dict.fromkeys(self.debts.answering(recipient.code) for recipient in letter.recipients):
            yield Arrival(code, act.by.code, document_id, says)
            if act.business is Business.RECALL or code in holders:
                continue
            # For who has it for the first time it is a document; its machine says that it has come.
            holders.add(code)
            tally.deliveries_count += 1
            self.tallies[code].arrived[letter.type_name, day] += 1
            yield Arrival(act.by.code, code, document_id, StatusCode.ARRIVED)

    def _say(self, act: Saying, day: date) -> Iterator[Arrival]:
        self.tallies[act.by.code].handed_over[act.status, day] += 1
        sender = self.debts.answering(act.letter.sender.code)
        yield Arrival(sender, act.by.code, act.letter.document_id, act.status)
