"""What the DMSs know: what they sent, what they were promised, what was offered to them.

Written down by the DMSs themselves while everything around them dies; the invariants are checked against it.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field

_RANK = {"01": 1, "03": 2, "02": 3, "04": 4, "05": 5, "06": 6}
_TOKEN = re.compile(rb"phi\xe1\xba\xbfu (\d+)")
_SEAL = re.compile(rb"<(\w+:)?Signature\b.*</(?:\w+:)?Signature>", re.DOTALL)
_WORD = re.compile(rb"StatusCode>(\d\d)<")
_ABOUT = re.compile(rb"<(?:\w+:)?ResponseFor>.*?DocumentId>([^<]+)<", re.DOTALL)
_FROM = re.compile(rb"<(?:\w+:)?From>.*?OrganId>([^<]+)<", re.DOTALL)


@dataclass(kw_only=True)
class Sending:
    """One package that a DMS insisted on.

    Shape: token is unique, and stands in the package; promises are the answers to its sending, each with
    the receipt; repeated is false when no answer was ever lost and the package was sent once.
    """

    token: int
    system: str
    sender: str
    recipients: tuple[str, ...]
    digest: str
    is_document: bool
    document_id: str
    status: str = ""
    promises: list[tuple[str, str]] = field(default_factory=list)
    refused: str | None = None


@dataclass(kw_only=True)
class Ledger:
    """Everything the DMSs know together.

    Shape: offers: (recipient, token) → the ids under which it was offered; words: (document id, said by,
    code) → the ids under which its sender was told; progress: (id, recipient) → the word and the status that
    the sender was shown; owed: (token, recipient) → what a gateway had shown before it was lost; wrongs are
    faults seen on the spot.
    """

    sendings: dict[int, Sending] = field(default_factory=dict)
    offers: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    words: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    taken: set[tuple[str, str]] = field(default_factory=set)
    turned_away: set[tuple[str, int]] = field(default_factory=set)
    unwanted: set[tuple[str, str]] = field(default_factory=set)
    amended: set[str] = field(default_factory=set)
    confirmed: set[tuple[str, str]] = field(default_factory=set)
    progress: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    owed: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)

    def new_token(self) -> int:
        """Number the next package."""
        return len(self.sendings) + 1

    def promised(self) -> dict[str, Sending]:
        """Map every id that was promised to what was sent."""
        return {promise[0]: one for one in self.sendings.values() for promise in one.promises}

    def lose(self, systems: Container[str]) -> None:
        """Take what a lost gateway showed these systems for owed: restored, it may show less for a while."""
        promised = self.promised()
        for key in [key for key in self.progress if promised[key[0]].system in systems]:
            self.owed[promised[key[0]].token, key[1]] = self.progress.pop(key)

    def enter(self, sending: Sending) -> None:
        """Write down what is about to be sent."""
        self.sendings[sending.token] = sending

    def receive(self, agency: str, doc_id: str, content: bytes) -> Sending | None:
        """Write down what came; return what it is, None for a gateway's own word."""
        found = _TOKEN.search(content)
        if found is None:
            self._hear(doc_id, content)
            return None
        token = int(found[1])
        self.offers[agency, token].add(doc_id)
        sending = self.sendings.get(token)
        if sending is None:
            self.wrongs.append(f"nobody sent what {agency} got as {doc_id}")
            return None
        if agency not in sending.recipients:
            self.wrongs.append(f"{agency} got {token}, which is for {', '.join(sending.recipients)}")
        if hashlib.sha256(_SEAL.sub(b"", content, count=1)).hexdigest() != sending.digest:
            self.wrongs.append(f"{agency} got other bytes for {token} than were sent")
        return sending

    def _hear(self, doc_id: str, content: bytes) -> None:
        word, about, by = _WORD.search(content), _ABOUT.search(content), _FROM.search(content)
        if word is None or about is None or by is None:
            self.wrongs.append(f"unreadable word {doc_id}")
            return
        self.words[about[1].decode(), by[1].decode(), word[1].decode()].add(doc_id)


def reaches(told: tuple[int, str], before: tuple[int, str]) -> bool:
    """Tell whether what is shown now is no less than what was shown before."""
    return told[0] >= before[0] and _RANK.get(told[1], 0) >= _RANK.get(before[1], 0)
