"""The log is provable: what was signed stays provable for ever, and what was tampered with is found out."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.cli.log_entry import entry_facts
from gateway.config import load_config
from gateway.errors import Refusal
from gateway.evidence.checkpoint import Verdict, compare, verify_checkpoint
from gateway.evidence.merkle import hash_leaf, verify_consistency
from gateway.evidence.note import read_note, read_signature, verify_note, write_signature
from gateway.evidence.proof import read_proof, verify_proof
from gateway.evidence.receipts import read_entry, write_entry, write_statement
from gateway.evidence.replay import Replayed
from gateway.exchange.auditing import verify_export, verify_log
from gateway.exchange.checkpoints import Checkpoints, extend_tree, log_name, prove_consistency, prove_entry
from gateway.exchange.notary import Notary
from gateway.exchange.witness import Sighting, Witness
from gateway.model.identifiers import PackageId
from gateway.model.log import LogKind
from gateway.office import load_own_seal, now
from gateway.store.audit_log import append_entry, list_entries
from gateway.store.checkpoints import KeptCheckpoint, find_newest, list_seen
from gateway.store.database import Database, open_database
from gateway.store.tree import count_entries, count_tiled
from gateway.store.whole_log import read_notes
from tests.databases import source_in
from tests.keys import AT, FINANCE, HEALTH, seal
from tests.packages import Sent, document
from tests.walks.world import HUB, MINISTRY, PROVINCE, World, collect_all

ORIGIN = f"{HEALTH}/log"
CERTIFICATES = [seal().certificate]


async def opened(path: Path) -> Database:
    return await open_database(path, linger=timedelta(0), batch_limit=64)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    database = await opened(tmp_path / "x.db")
    yield database
    await database.close()


@pytest.fixture
def checkpoints(database: Database) -> Checkpoints:
    """The walk of a gateway whose log is called after its agency."""
    return Checkpoints(database=database, seal=seal(), origin=ORIGIN)


async def happen(database: Database, count: int) -> None:
    """Let so many things happen: every third gets a signed receipt."""
    notary, begun = Notary(gateway=HEALTH, seal=seal()), await count_entries(database)

    def append(tables: sqlite3.Connection) -> None:
        for number in range(begun, begun + count):
            kind = LogKind.DEFERRED if number % 3 else LogKind.ACCEPTED
            at = AT + timedelta(seconds=number)
            append_entry(tables, notary.entry(kind, at=at, package_id=PackageId(f"p{number}")))

    await database.write(append)


async def made(checkpoints: Checkpoints, *sizes: int) -> list[KeptCheckpoint]:
    """Checkpoints of a log that grows to each of these sizes."""
    found = []
    for number, size in enumerate(sizes):
        await happen(checkpoints.database, size - await count_entries(checkpoints.database))
        checkpoint = await checkpoints.make(at=AT + timedelta(minutes=number))
        assert checkpoint is not None
        assert checkpoint.size == size
        found.append(checkpoint)
    return found


def change(database: Database, *statements: str) -> None:
    """Write into the database as somebody with the disk in his hands would."""
    with closing(sqlite3.connect(database.source)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount


async def verified(database: Database, *, held: Sequence[bytes] = ()) -> Replayed:
    return await verify_log(database, origin=ORIGIN, certificates=CERTIFICATES, held=held)


def rules(found: Replayed) -> set[str]:
    return {fault.rule for fault in found.faults}


# -- making them ----------------------------------------------------------------------------------------


async def test_a_checkpoint_says_what_the_log_is_and_when(checkpoints: Checkpoints) -> None:
    """Signed by the gateway's seal under its log's name, and kept as it was signed."""
    (kept,) = await made(checkpoints, 300)
    read = verify_checkpoint(read_note(kept.note), seal().certificate)
    assert read is not None
    assert (read.origin, read.size, read.root, read.at) == (ORIGIN, 300, kept.root, AT)
    found = await verified(checkpoints.database)
    assert (found.size, found.root, found.vouched, found.faults) == (300, kept.root, 300, ())


async def test_an_empty_log_has_no_checkpoint(checkpoints: Checkpoints) -> None:
    """There is nothing to vouch for."""
    assert await checkpoints.make(at=AT) is None
    assert await find_newest(checkpoints.database) is None


async def test_nothing_new_means_no_new_checkpoint(checkpoints: Checkpoints) -> None:
    """Made again at the same size it is the first one, to the byte; a checkpoint is no entry of the log."""
    (kept,) = await made(checkpoints, 5)
    assert await checkpoints.make(at=AT + timedelta(hours=1)) == kept
    assert await count_entries(checkpoints.database) == 5


async def test_all_checkpoints_of_a_log_are_consistent(checkpoints: Checkpoints) -> None:
    """Whatever the steps it grows by, and each can be proved to follow from each before it."""
    kept = await made(checkpoints, 1, 2, 7, 255, 256, 257, 700, 768, 5000)
    notes = [read_note(one.note) for one in kept]
    for number, new in enumerate(kept):
        for old in kept[:number]:
            proof = await prove_consistency(checkpoints.database, old.size, new.size)
            assert verify_consistency(old.size, old.root, new.size, new.root, proof)
    for old, new in pairwise(notes):
        first, second = (verify_checkpoint(one, seal().certificate) for one in (old, new))
        assert first is not None
        assert second is not None
        proof = await prove_consistency(checkpoints.database, first.size, second.size)
        assert compare(first, second, proof) is Verdict.EXTENDS
    found = await verified(checkpoints.database)
    assert (found.checkpoints_count, found.vouched, found.faults) == (9, 5000, ())


async def test_two_that_make_a_checkpoint_at_once_make_one(checkpoints: Checkpoints, tmp_path: Path) -> None:
    """The server's loop and an operator's command, each with a connection of its own: the first stays."""
    await happen(checkpoints.database, 5000)
    other = Checkpoints(database=await opened(tmp_path / "x.db"), seal=seal(), origin=ORIGIN)
    makers = [checkpoints, other] * 3
    found = await asyncio.gather(
        *(maker.make(at=AT + timedelta(seconds=number)) for number, maker in enumerate(makers))
    )
    assert len({one.note for one in found if one is not None}) == 1
    assert (await verified(other.database)).faults == ()
    await other.database.close()


async def test_entries_go_on_coming_while_a_checkpoint_is_made(checkpoints: Checkpoints) -> None:
    """The writer is free between the pieces, and what comes meanwhile is the next checkpoint's."""
    await happen(checkpoints.database, 6000)
    making = asyncio.create_task(checkpoints.make(at=AT))
    while not making.done():
        await happen(checkpoints.database, 1)
        await asyncio.sleep(0)
    kept = making.result()
    assert kept is not None
    assert 6000 <= kept.size < await count_entries(checkpoints.database)
    await made(checkpoints, await count_entries(checkpoints.database))
    assert (await verified(checkpoints.database)).faults == ()


async def test_a_tree_left_half_grown_is_finished(checkpoints: Checkpoints) -> None:
    """Killed between two pieces, or before the checkpoint was recorded: the next one goes on from there."""
    await happen(checkpoints.database, 3000)
    await extend_tree(checkpoints.database, 1100)
    assert await count_tiled(checkpoints.database) == 1024
    await made(checkpoints, 3000)
    assert (await verified(checkpoints.database)).faults == ()


@pytest.mark.parametrize(
    ("statement", "size"),
    [
        ("UPDATE log SET leaf = zeroblob(32) WHERE seq = 590", 600),  # in no tile yet
        ("UPDATE tiles SET hashes = zeroblob(64) WHERE level = 1", 600),
        ("DELETE FROM tiles WHERE level = 1", 600),
        ("DELETE FROM log WHERE seq = 520", 800),
        ("DELETE FROM log WHERE seq > 590", 595),
    ],
)
async def test_nothing_is_signed_over_a_past_that_has_changed(
    checkpoints: Checkpoints, statement: str, size: int
) -> None:
    """The seal never vouches for two histories: the walk stops and says so, until somebody has looked."""
    await made(checkpoints, 600)
    change(checkpoints.database, statement)
    await happen(checkpoints.database, max(1, size - await count_entries(checkpoints.database)))
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            await checkpoints.make(at=AT)
        assert caught.value.code == "log-altered"
    assert [size for size, _ in read_notes(checkpoints.database.source)] == [600]
    assert rules(await verified(checkpoints.database))


# -- proofs for strangers -------------------------------------------------------------------------------


async def test_an_entry_is_proved_to_whoever_has_the_certificate(checkpoints: Checkpoints) -> None:
    """A file: the entry with its receipt, its way up, the signed checkpoint. Nothing else of ours."""
    await made(checkpoints, 5, 300, 777)
    for seq in (1, 5, 6, 256, 257, 777):
        raw = await prove_entry(checkpoints.database, seq)
        assert raw is not None
        proof = read_proof(raw)
        found = verify_proof(proof, seal().certificate)
        assert found is not None
        assert (found.size, proof.index) == (777, seq - 1)
        (row,) = [row async for row in list_entries(checkpoints.database, after=seq - 1, limit=1)]
        statement, receipt = read_entry(proof.entry)
        assert statement == row.statement
        assert (receipt is None) == (row.receipt is None)


async def test_an_entry_is_proved_under_the_checkpoint_that_was_asked_for(checkpoints: Checkpoints) -> None:
    """The one that somebody holds, or the first that covered it."""
    await made(checkpoints, 5, 300)
    raw = await prove_entry(checkpoints.database, 3, size=5)
    assert raw is not None
    found = verify_proof(read_proof(raw), seal().certificate)
    assert found is not None
    assert found.size == 5
    assert await prove_entry(checkpoints.database, 6, size=5) is None


async def test_an_entry_nobody_has_signed_for_yet_is_not_proved(checkpoints: Checkpoints) -> None:
    """Not before the next checkpoint; and what is not there never."""
    await happen(checkpoints.database, 2)
    assert await prove_entry(checkpoints.database, 2) is None
    await made(checkpoints, 2, 3)
    await happen(checkpoints.database, 1)
    assert await prove_entry(checkpoints.database, 4) is None
    for seq, size, code in (
        (5, None, "no-such-entry"),
        (0, None, "no-such-entry"),
        (1, 4, "no-such-checkpoint"),
    ):
        with pytest.raises(Refusal) as caught:
            await prove_entry(checkpoints.database, seq, size=size)
        assert caught.value.code == code
    for old, new in ((1, 4), (3, 2), (-1, 3)):
        with pytest.raises(Refusal):
            await prove_consistency(checkpoints.database, old, new)


async def test_a_proof_that_a_stranger_would_find_wrong_is_not_handed_out(checkpoints: Checkpoints) -> None:
    """An altered entry has none, nor one whose neighbours in the tree were altered."""
    await made(checkpoints, 600)
    change(
        checkpoints.database,
        "UPDATE log SET statement = x'7b7d' WHERE seq IN (7, 599)",
        "UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND number = 1",
    )
    for seq in (7, 300, 599):
        with pytest.raises(Refusal) as caught:
            await prove_entry(checkpoints.database, seq)
        assert caught.value.code == "log-altered"


# -- tampering ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        (
            ["UPDATE log SET statement = CAST(replace(statement, 'p100', 'p101') AS BLOB) WHERE seq = 101"],
            "entry-altered",
        ),
        (["UPDATE log SET receipt = NULL WHERE seq = 100"], "entry-altered"),
        (
            ["UPDATE log SET receipt = (SELECT receipt FROM log WHERE seq = 103) WHERE seq = 100"],
            "entry-altered",
        ),
        (["UPDATE log SET leaf = zeroblob(32) WHERE seq = 101"], "entry-altered"),
        (["DELETE FROM log WHERE seq = 101"], "log-gap"),
        (["DELETE FROM log WHERE seq > 590"], "log-altered"),
        (["DELETE FROM log WHERE seq = 101", "UPDATE log SET seq = seq - 1 WHERE seq > 101"], "log-altered"),
        (
            [
                "UPDATE log SET seq = -1 WHERE seq = 101",
                "UPDATE log SET seq = 101 WHERE seq = 102",
                "UPDATE log SET seq = 102 WHERE seq = -1",
            ],
            "log-altered",
        ),
        (["UPDATE log SET package_id = NULL WHERE seq = 101"], "entry-mislabelled"),
        (["UPDATE log SET kind = 'refused' WHERE seq = 101"], "entry-mislabelled"),
        (["UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND number = 0"], "tile-altered"),
        (["UPDATE tiles SET hashes = zeroblob(64) WHERE level = 1"], "tree-altered"),
        (["DELETE FROM tiles WHERE level = 0"], "tile-altered"),
        (
            ["UPDATE checkpoints SET note = CAST(replace(note, 'time 2026', 'time 2027') AS BLOB)"],
            "checkpoint-unsigned",
        ),
        (["UPDATE checkpoints SET note = x'00'"], "note-malformed"),
    ],
)
async def test_whatever_was_done_to_the_log_by_hand_is_found(
    checkpoints: Checkpoints, statements: list[str], rule: str
) -> None:
    """An entry changed, removed, moved, hidden; the tree or a checkpoint spoilt: each has its name."""
    await made(checkpoints, 600)
    assert (await verified(checkpoints.database)).faults == ()
    change(checkpoints.database, *statements)
    assert rule in rules(await verified(checkpoints.database))


async def rewritten(database: Database, path: Path) -> Checkpoints:
    """The same log but for one entry, in a database of its own in which everything fits."""
    rows = await database.fetch_all("SELECT * FROM log ORDER BY seq")
    forged = await opened(path)

    def write(tables: sqlite3.Connection) -> None:
        for row in rows:
            statement, receipt, leaf = row["statement"], row["receipt"], row["leaf"]
            if row["seq"] == 101:
                statement = write_statement({**json.loads(statement), "code": "other"})
                receipt, leaf = None, hash_leaf(write_entry(statement, None))
            tables.execute(
                "INSERT INTO log (seq, kind, at, statement, receipt, leaf, package_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row["seq"], row["kind"], row["at"], statement, receipt, leaf, row["package_id"]),
            )

    await forged.write(write)
    return Checkpoints(database=forged, seal=seal(), origin=ORIGIN)


async def test_a_log_written_anew_cannot_be_brought_to_agree_with_a_checkpoint_kept_outside(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    """With the database and the key everything can be made to fit, but for the note somebody else holds."""
    await happen(checkpoints.database, 600)
    forger = await rewritten(checkpoints.database, tmp_path / "forged.db")
    (genuine,) = await made(checkpoints, 600)
    (grown,) = await made(checkpoints, 1100)
    await made(forger, 600)
    assert (await verified(forger.database)).faults == ()
    assert (await verified(checkpoints.database, held=[grown.note, genuine.note])).faults == ()
    found = await verified(forger.database, held=[genuine.note])
    assert (rules(found), found.vouched) == ({"log-altered"}, 600)
    await forger.database.close()


async def test_a_log_is_checked_from_a_file_alone(checkpoints: Checkpoints) -> None:
    """What ``lienthong log --json`` prints, with the checkpoints between: an auditor needs no database."""
    kept = {one.size: one for one in await made(checkpoints, 5, 300)}
    await happen(checkpoints.database, 3)
    lines = []
    async for row in list_entries(checkpoints.database):
        lines.append(json.dumps(entry_facts(row), default=str).encode())
        if row.seq in kept:
            lines.append(json.dumps({"checkpoint": kept[row.seq].note.decode()}).encode())
    found = verify_export(lines, origin=ORIGIN, certificates=CERTIFICATES, held=[kept[5].note])
    assert (found.size, found.vouched, found.checkpoints_count, found.faults) == (303, 300, 3, ())
    del lines[100]
    assert rules(verify_export(lines, origin=ORIGIN, certificates=CERTIFICATES)) == {"log-gap", "log-altered"}


async def test_the_log_of_a_gateway_at_work_is_provable(world: World) -> None:
    """A document from agency to agency, refusals and strangers on the way: every entry, with its columns."""
    package = document(Sent(sender=MINISTRY), [HEALTH])
    assert (await world.ministry.send(package, sender=MINISTRY)).ok
    await collect_all(world.health)
    await collect_all(world.ministry, "status")
    for dms in (world.ministry, world.health):
        assert not (await dms.send(package[:-20], sender=MINISTRY)).ok
    for node, code in ((world.gateway, PROVINCE), (world.hub, HUB)):
        database = await opened(source_in(node.directory))
        own = load_own_seal(load_config(node.directory / "config.toml"))
        kept = await Checkpoints(database=database, seal=own, origin=log_name(code)).make(at=now())
        assert kept is not None
        found = await verify_log(database, origin=log_name(code), certificates=[own.certificate])
        assert found.faults == ()
        assert found.vouched == kept.size >= 3
        for seq in range(1, kept.size + 1):
            raw = await prove_entry(database, seq)
            assert raw is not None
            assert verify_proof(read_proof(raw), own.certificate)
        await database.close()


# -- watching other logs --------------------------------------------------------------------------------


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[Witness]:
    """Another gateway, with its own database and seal, that watches this log."""
    database = await opened(tmp_path / "witness.db")
    notary = Notary(gateway=FINANCE, seal=seal(FINANCE))
    yield Witness(database=database, notary=notary, name=f"{FINANCE}/log")
    await database.close()


async def shown(witness: Witness, kept: KeptCheckpoint, old: int, proof: Sequence[bytes]) -> Sighting:
    return await witness.see(
        kept.note, origin=ORIGIN, certificate=seal().certificate, old=old, proof=proof, at=AT
    )


async def test_a_witness_signs_what_extends_what_it_saw(checkpoints: Checkpoints, witness: Witness) -> None:
    """At first sight, then with the log's proof, then once more the same; its line goes under the note."""
    first, second = await made(checkpoints, 300, 700)
    for kept, old, verdict in ((first, 0, "extends"), (second, 300, "extends"), (second, 700, "same")):
        proof = await prove_consistency(checkpoints.database, old, kept.size)
        found = await shown(witness, kept, old, proof)
        assert found.verdict == verdict
        await checkpoints.take_cosignature(
            kept.size, found.line, witness=witness.name, certificates=[seal(FINANCE).certificate], at=AT
        )
    newest = await find_newest(checkpoints.database)
    assert newest is not None
    note = read_note(newest.cosigned())
    assert verify_note(note, witness.name, seal(FINANCE).certificate)
    assert verify_checkpoint(note, seal().certificate)
    (seen,) = await list_seen(witness.database)
    assert (seen.origin, seen.size, seen.note) == (ORIGIN, 700, second.note)


async def test_a_witness_asks_again_when_the_proof_begins_elsewhere(
    checkpoints: Checkpoints, witness: Witness
) -> None:
    """Two fetches crossing each other are no fork."""
    first, second, third = await made(checkpoints, 300, 700, 900)
    await shown(witness, first, 0, ())
    await shown(witness, second, 300, await prove_consistency(checkpoints.database, 300, 700))
    late = await shown(witness, third, 300, await prove_consistency(checkpoints.database, 300, 900))
    assert (late.verdict, late.seen_size, late.line) == (None, 700, "")
    assert await witness.database.fetch_all("SELECT * FROM contradictions") == []


async def test_a_witness_keeps_both_notes_of_a_log_that_contradicts_itself(
    checkpoints: Checkpoints, witness: Witness, tmp_path: Path
) -> None:
    """A fork at the same size, a fork at a larger one, a rollback: no signature, nothing forgotten."""
    await happen(checkpoints.database, 600)
    forger = await rewritten(checkpoints.database, tmp_path / "forged.db")
    (genuine,) = await made(checkpoints, 600)
    short = await made(forger, 600, 900)
    await shown(witness, genuine, 0, ())
    for kept, verdict in zip(short, (Verdict.FORK, Verdict.FORK), strict=True):
        proof = await prove_consistency(forger.database, 600, kept.size)
        found = await shown(witness, kept, 600, proof)
        assert (found.verdict, found.line) == (verdict, "")
    (grown,) = await made(checkpoints, 900)
    proof = await prove_consistency(checkpoints.database, 600, 900)
    assert (await shown(witness, grown, 600, proof)).verdict is Verdict.EXTENDS
    assert (await shown(witness, genuine, 900, ())).verdict is Verdict.ROLLBACK
    rows = await witness.database.fetch_all(
        "SELECT verdict, seen, shown FROM contradictions ORDER BY shown_at, verdict"
    )
    assert [tuple(row) for row in rows] == [
        ("fork", genuine.note, short[0].note),
        ("rollback", grown.note, genuine.note),
    ]
    (seen,) = await list_seen(witness.database)
    assert seen.note == grown.note
    await forger.database.close()


async def test_a_witness_believes_only_the_log_it_was_told_of(
    checkpoints: Checkpoints, witness: Witness
) -> None:
    """Under its name, signed with its key."""
    (kept,) = await made(checkpoints, 5)
    for origin, certificate in ((ORIGIN, seal(FINANCE).certificate), ("other/log", seal().certificate)):
        with pytest.raises(Refusal) as caught:
            await witness.see(kept.note, origin=origin, certificate=certificate, old=0, proof=(), at=AT)
        assert caught.value.code == "checkpoint-unsigned"
    assert await list_seen(witness.database) == []


async def test_a_line_that_is_not_the_witnesss_is_not_kept(
    checkpoints: Checkpoints, witness: Witness
) -> None:
    """Another's signature, one over another checkpoint, rubbish; or a checkpoint that we never made."""
    first, second = await made(checkpoints, 5, 9)
    right = (await shown(witness, first, 0, ())).line
    rename = write_signature(read_signature(right)).replace(witness.name, "other/log")
    for size, line in ((9, right), (5, rename), (5, "rubbish\n"), (5, "— a AAAA\n"), (6, right)):
        with pytest.raises(Refusal):
            await checkpoints.take_cosignature(
                size, line, witness=witness.name, certificates=[seal(FINANCE).certificate], at=AT
            )
    newest = await find_newest(checkpoints.database)
    assert newest == second
