"""The invariants: each a sentence, and a check from the outside that lists every breach of it.

What the DMSs wrote down (ledger.py) is held against what they were promised, against the roads, and against
the databases as an auditor with a copy would read them. Nothing of the product is asked for its opinion.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography import x509

from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import read_receipt, verify_receipt, write_entry
from gateway.sandbox.faulty_axis import Fault, Passage
from tests.campaign.ledger import Ledger, Sending, reaches
from tests.campaign.town import GHOST, House, Town
from tests.walks.world import HUB, PROVINCE


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is left when everything has settled."""

    town: Town
    ledger: Ledger
    registered: dict[str, bool]

    def promised(self) -> Iterator[Sending]:
        """List what a sender got a promise for."""
        return (sending for sending in self.ledger.sendings.values() if sending.promises)

    def place_of(self, agency: str) -> House:
        """Tell whose mailbox an agency's is."""
        return next(desk.house for desk in self.town.desks if desk.agency == agency)

    def was_told(self, sending: Sending, recipient: str) -> bool:
        """Tell whether a sender was told that a recipient will not have it."""
        told = self.ledger.words
        return any(
            told.get((sending.document_id, by, "02"))
            for by in {recipient, *(str(desk.agency) for desk in self.town.desks), *_gateways(self.town)}
        )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One invariant after a run: how often it was put to the test, and every breach."""

    sentence: str
    checked: int
    breaches: list[str] = field(default_factory=list)


def _gateways(town: Town) -> set[str]:
    return {str(PROVINCE), str(HUB), "000.00.00.H58"} if town.houses else set()


def _arrives_once(scene: Scene) -> Iterator[str | None]:
    for sending in scene.promised():
        if not sending.is_document:
            continue
        for recipient in sending.recipients:
            ids = scene.ledger.offers.get((recipient, sending.token), set())
            again = (recipient, sending.token) in scene.ledger.turned_away
            if len(ids) == 1 or (len(ids) > 1 and again) or (not ids and scene.was_told(sending, recipient)):
                yield None
            else:
                yield f"{sending.token} for {recipient}: offered as {sorted(ids) or 'nothing'}"


def _statuses_arrive_once(scene: Scene) -> Iterator[str | None]:
    """The same word said twice, by a clerk or the gateway in its name, need travel only once.

    Nor need it when it was said about the update of a document: the two are one thread.
    """
    said: dict[tuple[str, str, str], list[Sending]] = defaultdict(list)
    for sending in scene.promised():
        if not sending.is_document:
            said[sending.document_id, sending.sender, sending.status].append(sending)
    for word, sendings in said.items():
        ids = [scene.ledger.offers.get((each.recipients[0], each.token), set()) for each in sendings]
        heard = any(ids) or scene.ledger.words.get(word) or _amended(scene, word[0])
        yield None if heard and all(len(each) <= 1 for each in ids) else f"{word}: offered as {ids}"


def _ghosts_come_back(scene: Scene) -> Iterator[str | None]:
    for sending in scene.promised():
        if GHOST in sending.recipients:
            told = scene.was_told(sending, GHOST)
            yield None if told else f"{sending.token}: its sender does not know that {GHOST} has nothing"


def _turned_away_is_told(scene: Scene) -> Iterator[str | None]:
    for recipient, token in scene.ledger.turned_away:
        sending = scene.ledger.sendings[token]
        told = any(scene.ledger.words.get((sending.document_id, recipient, code)) for code in ("02", "16"))
        yield None if told or not sending.promises else f"{token}: {recipient} turned it away, nobody told"


def _failures_are_true(scene: Scene) -> Iterator[str | None]:
    """Who has a document is not said to have refused it."""
    sendings = scene.ledger.sendings
    refused = {(sendings[token].document_id, agency) for agency, token in scene.ledger.turned_away}
    ghostly = {each.document_id for each in sendings.values() if GHOST in each.recipients}
    for document_id, by, code in scene.ledger.words:
        if code in ("02", "16"):
            true = (document_id, by) in refused or (document_id in ghostly and by in _gateways(scene.town))
            yield None if true else f"{by} is said to have refused {document_id}"


def _same_promise(scene: Scene) -> Iterator[str | None]:
    """What was turned away, by somebody or the axis, is a new round when sent again, with its own promise."""
    for sending in scene.promised():
        if len(sending.promises) > 1:
            yield None if len(set(sending.promises)) == 1 else f"{sending.token}: {sending.promises}"


def _words_once(scene: Scene) -> Iterator[str | None]:
    for (document_id, by, code), ids in scene.ledger.words.items():
        # A document that was sent to somebody again, amended or turned away, is answered again.
        if code == "01" and not _amended(scene, document_id):
            yield None if len(ids) == 1 else f"{by} said {code} about {document_id} as {sorted(ids)}"


def _amended(scene: Scene, document_id: str) -> bool:
    turned_away = (scene.ledger.sendings[token].document_id for _, token in scene.ledger.turned_away)
    return document_id in scene.ledger.amended or document_id in turned_away


def _arrivals_are_told(scene: Scene) -> Iterator[str | None]:
    for sending in scene.promised():
        if not sending.is_document or _amended(scene, sending.document_id):
            continue
        for recipient in sending.recipients:
            if recipient != GHOST and scene.place_of(recipient).number:
                told = scene.ledger.words.get((sending.document_id, recipient, "01")) or any(
                    each.status == "01"
                    and each.sender == recipient
                    and each.document_id == sending.document_id
                    for each in scene.ledger.sendings.values()
                )
                yield None if told else f"{sending.token}: no 01 from {recipient}"


def _seen_on_the_spot(scene: Scene) -> Iterator[str | None]:
    received = sum(len(ids) for ids in scene.ledger.offers.values())
    yield from [None] * (received + len(scene.ledger.progress))
    yield from scene.ledger.wrongs


def _shown_again(scene: Scene) -> Iterator[str | None]:
    promised = scene.ledger.promised()
    shown: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
    for (doc_id, recipient), told in scene.ledger.progress.items():
        shown[promised[doc_id].token, recipient].append(told)
    for key, owed in scene.ledger.owed.items():
        again = any(reaches(told, owed) for told in shown[key])
        yield None if again else f"{key} was shown as {owed} before the loss, now as {shown[key]}"


def _promises_are_logged(scene: Scene) -> Iterator[str | None]:
    logged = {house.name: _accepted(house) for house in scene.town.houses}
    for sending in scene.promised():
        house = next(desk.house for desk in scene.town.desks if desk.system == sending.system)
        for doc_id, receipt in sending.promises:
            known = logged[house.name].get(doc_id)
            yield None if known == receipt else f"{sending.token}: the promise {doc_id} is not in the log"


def _accepted(house: House) -> dict[str, str]:
    rows = house.rows("SELECT package_id, receipt FROM log WHERE kind = 'accepted'")
    return {row["package_id"]: str(json.loads(row["receipt"])) for row in rows}


def _log_recomputes(scene: Scene) -> Iterator[str | None]:
    certificates = {house.name: _certificate(house) for house in scene.town.houses}
    for house in scene.town.houses:
        for number, row in enumerate(house.rows("SELECT * FROM log ORDER BY seq"), start=1):
            receipt = None if row["receipt"] is None else read_receipt(row["receipt"])
            sound = (
                row["seq"] == number
                and hash_leaf(write_entry(row["statement"], receipt)) == row["leaf"]
                and (receipt is None or verify_receipt(receipt, certificates[house.name]))
            )
            yield None if sound else f"{house.name}: entry {row['seq']}"


def _certificate(house: House) -> x509.Certificate:
    return x509.load_pem_x509_certificates((house.node.directory / "seal.pem").read_bytes())[0]


_EFFECTS = {
    "a package without its entry": "SELECT id FROM packages WHERE direction IN ('inbound', 'outbound') AND"
    " (SELECT count(*) FROM log WHERE log.package_id = packages.id AND kind = 'accepted') <> 1",
    "an entry without its package": "SELECT seq FROM log WHERE kind = 'accepted' AND NOT EXISTS"
    " (SELECT 1 FROM packages WHERE packages.id = log.package_id)",
    "an end without its entry": "SELECT id FROM dispatches WHERE state IN ('delivered', 'refused', 'expired')"
    " AND (SELECT count(*) FROM log WHERE log.dispatch_id = dispatches.id AND"
    " kind IN ('delivered', 'confirmed', 'turned-away', 'expired')) <> 1",
    "an entry without its end": "SELECT seq FROM log WHERE kind IN ('delivered', 'confirmed', 'turned-away',"
    " 'expired') AND (SELECT state FROM dispatches WHERE id = log.dispatch_id) NOT IN"
    " ('delivered', 'refused', 'expired')",
    "a collection without its entry": "SELECT id FROM dispatches WHERE destination = 'mailbox'"
    " AND state = 'claimed' AND NOT EXISTS (SELECT 1 FROM log WHERE log.dispatch_id = dispatches.id"
    " AND kind = 'collected')",
    "a dispatch not settled": "SELECT id FROM dispatches WHERE state = 'claimed' AND destination = 'axis'"
    " OR state = 'waiting'",
    "an answer without its entry": "SELECT id FROM answers WHERE NOT EXISTS (SELECT 1 FROM log WHERE"
    " log.package_id = answers.package_id AND kind IN ('answered', 'unmatched'))",
}


def _effects_and_entries(scene: Scene) -> Iterator[str | None]:
    for house in scene.town.houses:
        for words, sql in _EFFECTS.items():
            rows = house.rows(sql)
            yield None if not rows else f"{house.name}: {words}: {[row[0] for row in rows[:5]]}"
        damage = house.damage()
        yield None if not damage else f"{house.name}: {damage[:5]}"


def _blobs_and_rows(scene: Scene) -> Iterator[str | None]:
    for house in scene.town.houses:
        inline = {row["digest"]: row["bytes"] for row in house.rows("SELECT * FROM blobs")}
        named = {row["digest"] for row in house.rows("SELECT DISTINCT digest FROM packages")}
        files = {path.name: path for path in (house.node.directory / "blobs").rglob("*") if path.is_file()}
        yield from (f"{house.name}: missing {digest}" for digest in named - set(inline) - set(files))
        yield from (f"{house.name}: orphan {digest}" for digest in (set(inline) | set(files)) - named)
        for digest in named & (set(inline) | set(files)):
            content = inline[digest] if digest in inline else files[digest].read_bytes()
            yield None if hashlib.sha256(content).hexdigest() == digest else f"{house.name}: torn {digest}"
        for part in (house.node.directory / "spool").rglob("*.part"):
            yield f"{house.name}: left in the spool: {part.name}"


def _axis_holds_each_once(scene: Scene) -> Iterator[str | None]:
    """What a gateway handed over stands in the hub once, however often it was handed over."""
    hub = scene.town.houses[0]
    packages = hub.rows(
        "SELECT digest || recipients AS sent, EXISTS (SELECT 1 FROM dispatches WHERE package_id = packages.id"
        " AND state = 'refused') OR EXISTS (SELECT 1 FROM recipients WHERE recipients.thread_id ="
        " packages.thread_id AND status = '02') AS failed FROM packages WHERE direction <> 'own'",
    )
    failed = {row["sent"] for row in packages if row["failed"]}
    for sent, count in Counter(row["sent"] for row in packages).items():
        yield None if count == 1 or sent in failed else f"the hub has {sent} {count} times"


def _asked_before_resending(scene: Scene) -> Iterator[str | None]:
    """After an attempt that may have arrived the sent list is read before the same bytes leave again.

    Not where disks are bad: an attempt that was cut short by one's own disk never arrived.
    """
    for road in () if any(house.disk for house in scene.town.houses) else scene.town.upstream:
        open_attempts: dict[str, bool] = {}
        rounds = _new_rounds(scene)
        for passage in road.passages:
            if passage.operation == "getSentEdocList" and passage.status == 200:
                open_attempts = dict.fromkeys(open_attempts, False)
            elif passage.operation == "sendEdoc" and passage.package not in rounds:
                if passage.package in open_attempts:
                    unasked = open_attempts[passage.package]
                    yield f"{passage.package} was sent again, and nobody had asked" if unasked else None
                open_attempts[passage.package] = _may_have_arrived(passage)


def _new_rounds(scene: Scene) -> set[str]:
    """List what was delivered twice as two dispatches: turned away, and sent anew by its DMS."""
    delivered: Counter[str] = Counter()
    for house in scene.town.houses[1:]:
        for row in house.rows("SELECT statement FROM log WHERE kind = 'delivered'"):
            told = json.loads(row["statement"])
            digest = "".join(format(byte, "x") for byte in bytes.fromhex(told["sha256"]))
            delivered[digest + json.dumps(told["recipients"], separators=(",", ":"))] += 1
    return {package for package, count in delivered.items() if count > 1}


def _may_have_arrived(passage: Passage) -> bool:
    return not passage.declined and passage.fault in (
        None,
        Fault.CUT_AFTER,
        Fault.SWALLOWED,
        Fault.CUT_ANSWER,
        Fault.LATE,
    )


def _ids_are_unique(scene: Scene) -> Iterator[str | None]:
    """However far the clocks are apart, and whatever ids came from the axis before a node began anew."""
    makers = Counter(
        row["id"] for house in scene.town.houses for row in house.rows("SELECT id FROM packages")
    )
    for made, count in makers.items():
        yield None if count == 1 else f"{count} nodes made {made}"


def _directory_agrees(scene: Scene) -> Iterator[str | None]:
    """What the registrar was told of stands at its gateway and at the hub."""
    for house in scene.town.houses[:2]:
        rows = house.rows("SELECT code, closed_at IS NULL AS is_open FROM agencies")
        found = {row["code"]: bool(row["is_open"]) for row in rows}
        for code, is_open in scene.registered.items():
            yield None if found.get(code) == is_open else f"{house.name}: {code} open: {found.get(code)}"


INVARIANTS: dict[str, Callable[[Scene], Iterator[str | None]]] = {
    "what was promised arrives once at each recipient, or its sender is told that it will not": _arrives_once,
    "a status arrives once at who sent the document": _statuses_arrive_once,
    "what the axis turns away comes back to its sender": _ghosts_come_back,
    "what a recipient turns away comes back to its sender": _turned_away_is_told,
    "nobody is told of a failure that was none": _failures_are_true,
    "ids and receipts given twice are the same": _same_promise,
    "an arrival is told to its sender": _arrivals_are_told,
    "an arrival is told once": _words_once,
    "bytes are as sent, nobody gets what is another's, and no status goes back": _seen_on_the_spot,
    "what a gateway had shown before it was lost is shown again": _shown_again,
    "every promise is in the log, with the receipt that was given": _promises_are_logged,
    "every leaf recomputes, every receipt verifies, no number is missing": _log_recomputes,
    "no effect without its entry, no entry without its effect, nothing left open": _effects_and_entries,
    "blobs and rows agree: none missing, none torn, none orphaned": _blobs_and_rows,
    "no two nodes make the same id": _ids_are_unique,
    "the axis holds each package once": _axis_holds_each_once,
    "after an attempt of unknown outcome the axis is asked before a resend": _asked_before_resending,
    "what was registered or deleted stands so here and at the axis": _directory_agrees,
}


def check_all(scene: Scene) -> list[Finding]:
    """Put every invariant to the test."""
    findings = []
    for sentence, check in INVARIANTS.items():
        outcomes = list(check(scene))
        breaches = [breach for breach in outcomes if breach is not None]
        findings.append(Finding(sentence=sentence, checked=len(outcomes), breaches=breaches))
    return findings
