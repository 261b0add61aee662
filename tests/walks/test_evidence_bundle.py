"""An auditor takes one file and one script, without our server: what holds, and every lie that does not."""

import asyncio
import io
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.xades import XAdESVerifier

from gateway.config import load_config
from gateway.errors import Refusal
from gateway.evidence.bundle import certificate_name, write_chain, write_hashes
from gateway.evidence.checkpoint import Checkpoint, cosign_checkpoint, sign_checkpoint
from gateway.evidence.merkle import Node as MerkleNode
from gateway.evidence.merkle import carry_out, hash_leaf, plan_consistency, plan_inclusion, root_of
from gateway.evidence.note import Note, read_note, sign_text, write_note, write_signature
from gateway.evidence.proof import Proof, read_proof, write_proof
from gateway.evidence.receipts import (
    read_entry,
    read_statement,
    sign_statement,
    write_entry,
    write_receipt,
    write_statement,
)
from gateway.evidence.verifier.certificates import read_token
from gateway.evidence.verifier.forms import INDEX, MANIFEST, SIGNATURES, Wrong, read_instant
from gateway.exchange.bundled_document import gather_document
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.exchange.export import find_document
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.office import now, open_office
from gateway.store.audit_log import append_entry, list_thread_entries
from gateway.store.checkpoints import find_newest, keep_cosignature, keep_token
from gateway.trust.issuing import issue_seal
from gateway.trust.keys import Seal, load_seal
from tests.bundles import (
    Parts,
    export,
    head_of,
    judged,
    listed,
    parts_of,
    sealed,
    stamp,
    stamp_anchor,
    stamping,
    walk_of,
    wrong,
    zipped,
)
from tests.databases import change, source_in
from tests.keys import ISSUED_AT, SEAL_DAYS, authority, issued, seal
from tests.packages import Sent, document, status
from tests.rooms.cli_kit import facts, run
from tests.walks.test_retention import found_node, travel, wait_for
from tests.walks.world import (
    FINANCE,
    HEALTH,
    HUB,
    MINISTRY,
    PROVINCE,
    Node,
    World,
    collect_all,
    playing,
)

LETTER, OTHER = Sent(sender=HEALTH), Sent(sender=HEALTH, number="413")
DOCUMENT = "documents/412-SYT-VP"


def seal_at(code: AgencyCode) -> Seal:
    """The seal of a node of this world."""
    return load_seal(issued(code).key_pem, issued(code).chain_pem)


OWN = seal_at(PROVINCE)


@dataclass(kw_only=True)
class Made:
    """Bundles of one small world, made once: of one letter, of both, and how to make more."""

    node: Node
    one: bytes
    both: bytes
    folder: Path


async def play(world: World) -> None:
    """Two letters, one of them to a ministry and a neighbour, collected and answered."""
    for letter, to in ((LETTER, [MINISTRY, FINANCE]), (OTHER, [FINANCE])):
        assert (await world.health.send(document(letter, to), sender=HEALTH, recipients=to)).ok
    await collect_all(world.ministry)
    await collect_all(world.finance, count=2)
    for code in ("03", "06"):
        said = status(LETTER, code, by=MINISTRY)
        assert (await world.ministry.send(said, sender=MINISTRY, recipients=[HEALTH], kind="status")).ok
    await collect_all(world.health, "status", count=4)


async def keep_stamp(node: Node, folder: Path, *, ess: str = "sha256") -> int:
    """Make a checkpoint, let a witness sign it, and an authority stamp it."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        origin = log_name(office.config.agency_code)
        kept = await Checkpoints(database=office.database, seal=office.seal, origin=origin).make(at=now())
        assert kept is not None
        name = log_name(HUB)
        line = write_signature(cosign_checkpoint(read_note(kept.note), name, seal_at(HUB)))
        token = await asyncio.to_thread(stamp, kept.note, folder, ess=ess)
        await office.database.write(lambda t: keep_token(t, kept.size, token, at=now()))
        await office.database.write(
            lambda t: keep_cosignature(t, kept.size, witness=name, line=line, at=now())
        )
        return kept.size


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Play once; the servers are gone when the bundles are looked at."""
    folder = tmp_path_factory.mktemp("evidence")
    hub_seal = folder / "hub.pem"
    hub_seal.write_bytes(issued(HUB).chain_pem)

    async def make() -> Node:
        axis: dict[str, object] = {"receipts_every": "100ms", "certificate_file": str(hub_seal)}
        async with playing(folder, axis=axis) as world:
            await play(world)
            async with asyncio.timeout(20):
                while len(world.gateway.log(LogKind.EVIDENCED)) < 2:  # noqa: ASYNC110 - the log is asked
                    await asyncio.sleep(0.05)
            await keep_stamp(world.gateway, folder / "tsa")
            await export(world.gateway, folder / "one.asice", "412/SYT-VP", hub_seal)
            await export(world.gateway, folder / "both.asice", None, hub_seal)
            return world.gateway

    node = asyncio.run(make())
    one, both = ((folder / f"{name}.asice").read_bytes() for name in ("one", "both"))
    return Made(node=node, one=one, both=both, folder=folder)


# -- what holds ---------------------------------------------------------------------------------------


def test_everything_holds(made: Made) -> None:
    """Of one document and of several: container, signature, log, timestamp, receipts on both sides, bytes."""
    for bundle, count in ((made.one, 1), (made.both, 2)):
        findings = judged(bundle)
        assert (wrong(findings), findings.exit_code) == (set(), 0)
        assert findings.counts["documents"] == count
        assert findings.counts["far-receipts"] >= 3
        assert findings.counts["far-unsigned"] == findings.counts["packages-gone"] == 0
        assert any(log_name(HUB) in told for told in findings.found["checkpoint"])
        assert "TSA thu nghiem" in findings.found["stamps"][0]


def test_everything_that_happened_is_in_it(made: Made) -> None:
    """Each entry of the log about the document, and the bytes as they came and left, as the DMSs saw them."""
    parts = parts_of(made.one)
    envelope = json.loads(parts[f"{DOCUMENT}/envelope.json"])
    told = [
        row["seq"]
        for row in made.node.rows(
            "SELECT seq FROM log WHERE package_id IN (SELECT packages.id FROM packages JOIN threads"
            " ON threads.id = thread_id WHERE threads.notation = '412/SYT-VP') ORDER BY seq"
        )
    ]
    assert [entry["seq"] for entry in envelope["entries"]] == told
    assert {entry["event"] for entry in envelope["entries"]} >= {
        *("accepted", "answered", "collected", "confirmed", "delivered", "evidenced")
    }
    assert parts[f"{DOCUMENT}/package-01-as-sent.edxml"] == document(LETTER, [MINISTRY, FINANCE])
    assert b"SignatureValue" in parts[f"{DOCUMENT}/package-01-as-left.edxml"]
    assert [package["said"].get("status") for package in envelope["packages"]].count("06") == 1
    assert {one["code"]: one["status"] for one in envelope["recipients"]} == {MINISTRY: "06", FINANCE: "01"}


def test_an_auditor_needs_the_file_and_the_script_and_nothing_else(made: Made, tmp_path: Path) -> None:
    """The script out of the bundle, isolated, in a process of its own: the numbered list, the exit codes."""
    (tmp_path / "b.asice").write_bytes(made.one)
    (tmp_path / "verify.py").write_bytes(parts_of(made.one)["verify.py"])
    (tmp_path / "ca.pem").write_bytes(authority().certificate_pem)
    (tmp_path / "tsa.pem").write_bytes(stamp_anchor().public_bytes(Encoding.PEM))

    def verified(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "verify.py", "b.asice", *arguments]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert ran.stderr == b""
        return ran.returncode, ran.stdout.decode()

    anchors = ("--anchor", "ca.pem", "--tsa-anchor", "tsa.pem")
    code, said = verified(*anchors)
    assert (code, said.count("✓"), "ĐÚNG" in said) == (0, 11, True)
    assert " 6 – Điểm chốt khác · other checkpoints" in said
    assert "12 ✓ Bản ghi đọc được · readable record" in said
    assert "cần · expected:" in said
    for given, still_open in (
        ((), {"holder", "stamps"}),
        (anchors[:2], {"stamps"}),
        (anchors[2:], {"holder"}),
    ):
        code, said = verified(*given, "--json")
        checks = json.loads(said)["checks"]
        assert (code, {c["check"] for c in checks if c["verdict"] == "open"}) == (3, still_open)
    (tmp_path / "b.asice").write_bytes(made.one[:-1])
    code, said = verified(*anchors)
    assert (code, "SAI" in said, "chưa xét tới" in said) == (1, True, True)
    assert " 1 ✗ " in said
    assert "12 – Bản ghi đọc được · readable record" in said


def test_the_command_line_exports_and_verifies(made: Made, tmp_path: Path) -> None:
    """As an operator and an auditor type it, by number, by agency and day, with both exit codes."""
    path, directory = tmp_path / "x.asice", made.node.directory
    certificate, anchor = made.folder / "hub.pem", directory / "certs" / "authority.pem"
    told = facts("evidence", "export", "412/SYT-VP", "-d", directory, "-o", path)
    assert (told["documents_count"], told["size_bytes"]) == (1, path.stat().st_size)
    run("verify", path, "--anchor", anchor, code=3)
    tsa = tmp_path / "tsa.pem"
    tsa.write_bytes(stamp_anchor().public_bytes(Encoding.PEM))
    assert "ĐÚNG" in run("verify", path, "--anchor", anchor, "--tsa-anchor", tsa).output
    day = local_day(now()).isoformat()
    for agency, count in ((MINISTRY, 1), (FINANCE, 2), (HEALTH, 2)):
        asked = ("--since", "2026-01-01", "--agency", agency, "--certificate", certificate)
        told = facts("evidence", "export", *asked, "-d", directory, "-o", path)
        assert told["documents_count"] == count
    for asked in (("--until", "2026-01-01"), ("--agency", "000.00.99.H57", "--since", day)):
        ran = run("evidence", "export", *asked, "-d", directory, "-o", tmp_path / "no.asice", code=1)
        assert "nothing-selected" in ran.stderr
    assert "unknown-document" in run("evidence", "export", "999/X", "-d", directory, code=1).stderr
    run("evidence", "export", "-d", directory, code=2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tsa.pem", "x.asice"]


# -- other people's tools -----------------------------------------------------------------------------


def unpacked(bundle: bytes, folder: Path) -> Path:
    """A bundle unpacked by Info-ZIP."""
    (folder / "b.asice").write_bytes(bundle)
    subprocess.run(["unzip", "-q", "../b.asice"], cwd=_new(folder / "b"), check=True)
    return folder / "b"


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.skipif(shutil.which("unzip") is None, reason="Info-ZIP is not here")
def test_an_independent_xades_verifier_agrees(made: Made, tmp_path: Path) -> None:
    """signxml canonicalises and hashes every part for itself, checks the certificate's digest and path."""
    folder = unpacked(made.one, tmp_path)
    (tmp_path / "ca.pem").write_bytes(authority().certificate_pem)
    signatures = etree.parse(folder / SIGNATURES).getroot()
    count = len(signatures.findall(".//{*}Reference"))
    results = XAdESVerifier().verify(
        signatures,
        ca_pem_file=str(tmp_path / "ca.pem"),
        uri_resolver=lambda uri: (folder / uri).read_bytes(),
        expect_references=count,
    )
    assert len(results) == count == len(parts_of(made.one)) - 2
    assert {result.signed_data for result in results} >= {parts_of(made.one)["README.txt"]}


@pytest.mark.skipif(None in (shutil.which("unzip"), shutil.which("xmlsec1")), reason="xmlsec1 is not here")
def test_xmlsec_agrees_and_notices(made: Made, tmp_path: Path) -> None:
    """The command in the readme, within the unpacked folder; one byte more in a part and it says no."""
    folder = unpacked(made.one, tmp_path)
    (folder / "CA.pem").write_bytes(authority().certificate_pem)
    readme = (folder / "README.txt").read_text("utf-8")
    command = readme[readme.index("xmlsec1 --verify") : readme.index("META-INF/signatures.xml\n")]
    command = command.replace("\\\n", " ") + SIGNATURES
    ran = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stderr
    with (folder / DOCUMENT / "envelope.json").open("ab") as file:
        file.write(b" ")
    assert subprocess.run(command.split(), cwd=folder, capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(None in (shutil.which("unzip"), shutil.which("openssl")), reason="openssl is not here")
def test_openssl_agrees_about_the_timestamp(made: Made, tmp_path: Path) -> None:
    """Again the command in the readme."""
    folder = unpacked(made.one, tmp_path)
    (size,) = head_of(parts_of(made.one))["stamped"]  # type: ignore[misc]
    (folder / "TSA-CA.pem").write_bytes(stamp_anchor().public_bytes(Encoding.PEM))
    readme = (folder / "README.txt").read_text("utf-8")
    (command,) = [line.strip() for line in readme.splitlines() if "openssl ts" in line]
    command = command.replace("/N.", f"/{size}.")
    ran = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False, text=True)
    assert "Verification: OK" in ran.stdout + ran.stderr


# -- every change is found ----------------------------------------------------------------------------


def spots(content: bytes, count: int) -> list[int]:
    """Some bits of a part: the first and last byte and others, the same in every run."""
    chosen = random.Random(len(content)).sample(range(8 * len(content)), min(count, 8 * len(content)))
    return [0, 8 * len(content) - 1, *chosen]


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_no_bit_of_the_file_changes_unnoticed(made: Made) -> None:
    """A sample of all bits of a real bundle, headers and directory included."""
    for bit in spots(made.one, 1500):
        assert judged(flipped(made.one, bit)).exit_code == 1, bit


def test_no_bit_of_a_part_changes_unnoticed_with_its_checksum_set_right(made: Made) -> None:
    """Each part, its CRC-32 made to fit: the lists, the certificate or the signature contradict it."""
    parts = parts_of(made.one)
    for name, content in parts.items():
        few = 60 if name in (INDEX, MANIFEST, SIGNATURES) else 4
        for bit in spots(content, few):
            bundle = zipped({**parts, name: flipped(content, bit)}, like=made.one)
            assert judged(bundle).exit_code == 1, (name, bit)


def test_no_part_changes_unnoticed_with_the_lists_set_right(made: Made) -> None:
    """Everything rewritten but the signature, for which the key is missing: the signature contradicts it."""
    parts = parts_of(made.one)
    for name, content in parts.items():
        if name not in ("mimetype", INDEX, MANIFEST, SIGNATURES):
            changed = {**parts, name: flipped(content, 8 * (len(content) // 2))}
            findings = judged(listed(changed, head_of(parts), parts, OWN))
            assert wrong(findings) & {"seal", "holder"}, name


# -- what an attacker without the key tries -----------------------------------------------------------


def test_a_part_removed_and_the_lists_rewritten(made: Made) -> None:
    """The signature refers to every part that was."""
    parts = parts_of(made.one)
    for name in (f"{DOCUMENT}/package-01-as-left.edxml", first(parts, "receipts/"), "README.txt"):
        rest = {other: content for other, content in parts.items() if other != name}
        assert "seal" in wrong(judged(listed(rest, head_of(parts), parts, OWN))), name


def test_a_second_file_of_the_same_name(made: Made) -> None:
    """Unpackers disagree about which of two is meant; here there is never a second."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        bundle = _doubled(made.one, f"{DOCUMENT}/envelope.json")
    assert "container" in wrong(judged(bundle))


def _doubled(bundle: bytes, name: str) -> bytes:
    import zipfile

    file = io.BytesIO(bundle)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, b"{}")
    return file.getvalue()


@pytest.mark.parametrize("name", ["../evil", "documents/x", "META-INF/evil.xml", "documents/412-SYT-VP/x.sh"])
def test_a_file_that_nobody_listed(made: Made, name: str) -> None:
    """No name outside the known ones, in the lists or not."""
    parts = parts_of(made.one)
    assert "container" in wrong(judged(zipped({name: b"x", **parts}, like=made.one)))


def test_a_bundle_sealed_anew_with_a_key_of_ones_own(made: Made) -> None:
    """The whole of it forged under an authority of one's own: wrong with our anchor, open without any."""
    forger = authority("Gốc giả")
    forged = rewritten(made, seal(PROVINCE, by=forger))
    assert wrong(judged(forged)) == {"holder"}
    assert judged(forged, anchors=()).exit_code == 3
    assert judged(forged, anchors=(forger,)).exit_code == 0


def rewritten(
    made: Made, by: Seal, *, alter: Callable[[bytes], bytes] = bytes, keep_stamp: bool = False
) -> bytes:
    """The log written anew from its first entry, and a bundle of it, by whoever has a seal."""
    parts, entries = parts_of(made.one), []
    for row in made.node.rows("SELECT statement, receipt FROM log ORDER BY seq"):
        statement = alter(row["statement"])
        entries.append(write_entry(statement, sign_statement(statement, by) if row["receipt"] else None))
    leaves = [hash_leaf(entry) for entry in entries]
    size, old = len(leaves), head_of(parts)

    def hash_of(node: MerkleNode) -> bytes:
        return root_of(leaves[node.number << node.level : (node.number + 1) << node.level])

    at = read_instant(str(old["made_at"]))
    name = log_name(PROVINCE)
    checkpoint = Checkpoint(origin=name, size=size, root=root_of(leaves), at=at)
    note = sign_checkpoint(checkpoint, by)
    certificate = certificate_name("seal", by.certificate)
    kept = {path: content for path, content in parts.items() if not path.startswith("certificates/")}
    (stamped,) = old["stamped"]  # type: ignore[misc]
    if keep_stamp:
        consistency = carry_out(plan_consistency(stamped, size), hash_of)
        kept[f"checkpoints/{stamped}-{size}.consistency"] = write_hashes(consistency)
    else:
        kept = {path: content for path, content in kept.items() if not path.startswith("checkpoints/")}
    kept |= {certificate: write_chain([by.certificate]), f"checkpoints/{size}.txt": write_note(note)}
    for path in parts:
        seq = int(path.rpartition("/")[2].partition(".")[0]) if "/proofs/" in path else 0
        if seq:
            hashes = carry_out(plan_inclusion(seq - 1, size), hash_of)
            proof = Proof(entry=entries[seq - 1], index=seq - 1, hashes=hashes, note=note)
            kept[path] = write_proof(proof)
            receipt = read_entry(entries[seq - 1])[1]
            if receipt is not None:
                kept[f"{DOCUMENT}/receipts/{seq}.json"] = write_receipt(receipt)
    sizes = {"checkpoint": size, "checkpoints": [*([stamped] if keep_stamp else []), size]}
    head = {**old, **sizes, "seals": [certificate], "others": [], "stamped": [stamped] if keep_stamp else []}
    return sealed(kept, head, by)


# -- what an operator who has the key tries -----------------------------------------------------------


def resealed(made: Made, changes: Parts, *, bundle: bytes | None = None, gone: str = "") -> set[str]:
    """What is found wrong when parts are changed and everything is sealed anew with the real key."""
    parts = {name: raw for name, raw in parts_of(bundle or made.one).items() if name != gone} | changes
    return wrong(judged(sealed(parts, head_of(parts), OWN)))


def first(parts: Parts, having: str) -> str:
    """The first part with something in its name."""
    return next(name for name in parts if having in name)


def test_sealed_anew_without_a_change_it_holds(made: Made) -> None:
    """Or what follows would show nothing."""
    assert resealed(made, {}) == set()


def test_receipts_swapped_between_documents(made: Made) -> None:
    """Each is valid, and about the other letter."""
    parts = parts_of(made.both)
    ours, theirs = (first(parts, f"{letter}/receipts/") for letter in ("412-SYT-VP", "413-SYT-VP"))
    swapped = {ours: parts[theirs], theirs: parts[ours]}
    assert "receipts" in resealed(made, swapped, bundle=made.both)


def test_entries_moved_to_another_document(made: Made) -> None:
    """A confirmation of the other letter, with its receipt and proof, put into this one's folder."""
    parts = parts_of(made.both)
    ours, theirs = (first(parts, f"{letter}/receipts/") for letter in ("412-SYT-VP", "413-SYT-VP"))
    seq = theirs.rpartition("/")[2].partition(".")[0]
    folder, other = (name.partition("/receipts/")[0] for name in (ours, theirs))
    moved = {
        f"{folder}/receipts/{seq}.json": parts[theirs],
        f"{folder}/proofs/{seq}.tlog-proof": parts[f"{other}/proofs/{seq}.tlog-proof"],
    }
    assert {"record", "entries"} & resealed(made, moved, bundle=made.both)


def test_an_entry_altered_with_a_proof_of_its_own(made: Made) -> None:
    """Its receipt signed anew, its hashes recomputed as far as they go: it is not in the log."""
    parts = parts_of(made.one)
    name = first(parts, "/proofs/")
    proof = read_proof(parts[name])
    said = read_statement(proof.entry.split(b"\n")[0])
    statement = write_statement({**said, "sender": FINANCE})
    receipt = sign_statement(statement, OWN)
    forged = Proof(
        entry=write_entry(statement, receipt), index=proof.index, hashes=proof.hashes, note=proof.note
    )
    changes = {
        name: write_proof(forged),
        name.replace("proofs", "receipts")[:-11] + ".json": write_receipt(receipt),
    }
    assert "entries" in resealed(made, changes)


def test_the_checkpoint_of_another_log(made: Made) -> None:
    """The hub's, or ours under another name: not this gateway's log."""
    size = head_of(parts_of(made.one))["checkpoint"]
    note = read_note(parts_of(made.one)[f"checkpoints/{size}.txt"])
    origin, rest = note.text.split("\n", 1)
    for name, by in ((log_name(HUB), seal_at(HUB)), (f"{PROVINCE}/other", OWN)):
        text = f"{name}\n{rest}"
        other = write_note(Note(text=text, signatures=(sign_text(text, name, by),)))
        assert "checkpoint" in resealed(made, {f"checkpoints/{size}.txt": other}), origin


def test_the_timestamp_of_another_checkpoint(made: Made, tmp_path: Path) -> None:
    """A good token, over other bytes."""
    (size,) = head_of(parts_of(made.one))["stamped"]  # type: ignore[misc]
    other = stamp(b"000.00.00.H57/log\n1\n", tmp_path)
    assert resealed(made, {f"checkpoints/{size}.tst": other}) == {"stamps"}


def test_a_timestamp_by_somebody_who_is_no_authority(made: Made, tmp_path: Path) -> None:
    """A seal's key cannot stamp, and an authority that the auditor does not trust stamps in vain."""
    parts = parts_of(made.one)
    (size,) = head_of(parts)["stamped"]  # type: ignore[misc]
    assert "leads to no anchor" in "".join(
        judged(made.one, tsa_anchors=(authority().certificate,)).faults["stamps"]
    )
    with pytest.raises(subprocess.CalledProcessError):  # openssl itself refuses
        stamp(parts[f"checkpoints/{size}.note"], tmp_path, by=issued(HUB))


def test_a_package_replaced_by_another_that_was_logged(made: Made) -> None:
    """The other letter's bytes, known to the same log, under this letter's name."""
    parts = parts_of(made.both)
    ours, theirs = (f"documents/00000{n}-41{n + 1}-SYT-VP/package-01-as-sent.edxml" for n in (1, 2))
    assert "packages" in resealed(made, {ours: parts[theirs]}, bundle=made.both)
    envelope = json.loads(parts[ours.replace("package-01-as-sent.edxml", "envelope.json")])
    envelope["packages"][0]["said"]["sha256"] = json.loads(
        parts[theirs.replace("package-01-as-sent.edxml", "envelope.json")]
    )["packages"][0]["said"]["sha256"]
    changes = {
        ours: parts[theirs],
        ours.replace("package-01-as-sent.edxml", "envelope.json"): json.dumps(envelope).encode(),
    }
    assert "packages" in resealed(made, changes, bundle=made.both)


def test_a_package_changed_in_more_than_its_seal(made: Made) -> None:
    """What left must be what came, with the seal put in and nothing else."""
    name = f"{DOCUMENT}/package-01-as-left.edxml"
    left = parts_of(made.one)[name]
    assert "packages" in resealed(made, {name: left.replace(b"412", b"421", 1)})


def test_a_package_that_left_with_something_else_than_a_seal(made: Made) -> None:
    """Taken out again it gives the package that came; but it is an element of the operator's own."""
    name, record = f"{DOCUMENT}/package-01-as-left.edxml", f"{DOCUMENT}/envelope.json"
    envelope = json.loads(parts_of(made.one)[record])
    sent = parts_of(made.one)[f"{DOCUMENT}/package-01-as-sent.edxml"]
    at = envelope["packages"][0]["as_left"]["seal_at"]
    assert resealed(made, {name: sent[:at] + b"<x></x>" + sent[at:]}) == {"packages"}


@pytest.mark.parametrize(
    ("where", "lie"),
    [
        (("document", "subject"), "Về việc khác"),
        (("document", "document_id"), OTHER.document_id),
        (("recipients", 0, "status"), "02"),
        (("entries", 0, "at"), "2026-01-02T00:00:00.000000Z"),
        (("entries", 1, "event"), "confirmed"),
        (("packages", 0, "said", "recipients"), [MINISTRY]),
        (("packages", 0, "said", "signature"), "valid"),
        (("packages", 0, "as_sent"), None),
    ],
)
def test_a_record_that_says_something_else_than_the_statements(
    made: Made, where: tuple[str | int, ...], lie: object
) -> None:
    """envelope.json is for reading, and nothing in it may differ from what was signed or sent."""
    name = f"{DOCUMENT}/envelope.json"
    envelope = json.loads(parts_of(made.one)[name])
    *path, last = where
    inner = envelope
    for step in path:
        inner = inner[step]
    inner[last] = lie
    assert {"record", "packages"} & resealed(made, {name: json.dumps(envelope).encode()})


def test_entries_left_out_are_the_whole_logs_to_show(made: Made) -> None:
    """The limit, stated in docs/evidence.md: who has the key may leave the last entry out, and it holds."""
    parts = parts_of(made.one)
    name = f"{DOCUMENT}/envelope.json"
    envelope = json.loads(parts[name])
    gone = envelope["entries"].pop()
    proof = f"{DOCUMENT}/proofs/{gone['seq']}.tlog-proof"
    receipt = f"{DOCUMENT}/receipts/{gone['seq']}.json"
    rest = {path: raw for path, raw in parts.items() if path not in (proof, receipt)}
    bundle = sealed({**rest, name: json.dumps(envelope).encode()}, head_of(parts), OWN)
    assert wrong(judged(bundle)) == set()


def test_a_log_written_anew_contradicts_what_was_stamped(made: Made) -> None:
    """With the key a whole other log can be signed; the checkpoint that was stamped does not lead to it."""

    def later(statement: bytes) -> bytes:
        return statement.replace(b'"at":"2026', b'"at":"2025')

    assert wrong(judged(rewritten(made, OWN))) == set()
    assert "history" in wrong(judged(rewritten(made, OWN, alter=later, keep_stamp=True)))


# -- what time brings ---------------------------------------------------------------------------------


@pytest.fixture
def later(made: Made, tmp_path: Path) -> Node:
    """A copy of the gateway's data directory, to grow old."""
    shutil.copytree(made.node.directory, tmp_path / "gateway")
    return Node(directory=tmp_path / "gateway")


async def test_what_comes_after_the_timestamp_is_proved_to_follow_it(later: Node, tmp_path: Path) -> None:
    """A newer entry needs a newer checkpoint; the stamped one is proved to begin the same log."""
    async with open_office(load_config(later.directory / "config.toml")) as office:
        (package,) = await office.database.fetch_all(
            "SELECT packages.* FROM packages JOIN threads ON threads.id = thread_id"
            " WHERE threads.notation = '412/SYT-VP' AND kind = 'document'"
        )
        entry = office.notary.entry(
            LogKind.REPEATED,
            at=now(),
            package_id=package["id"],
            thread_id=package["thread_id"],
            sha256=package["digest"],
        )
        await office.database.write(lambda tables: append_entry(tables, entry))
    made = await export(later, tmp_path / "b.asice", "412/SYT-VP")
    assert made.size > made.stamped > 0
    bundle = (tmp_path / "b.asice").read_bytes()
    findings = judged(bundle)
    assert (wrong(findings), findings.exit_code) == (set(), 0)
    assert findings.found["history"] == [str(made.stamped)]
    parts = parts_of(bundle)
    name = f"checkpoints/{made.stamped}-{made.size}.consistency"
    parts[name] = b"\n".join(reversed(parts[name].splitlines())) + b"\n"
    assert wrong(judged(sealed(parts, head_of(parts), OWN))) == {"history"}


async def test_an_answer_that_comes_while_it_is_exported_is_not_in_it(later: Node) -> None:
    """The checkpoint was chosen before: a recipient stands where the entries under it say, not further."""
    async with open_office(load_config(later.directory / "config.toml")) as office:
        walk, kept = await walk_of(office), await find_newest(office.database)
        thread = await find_document(office.database, "412/SYT-VP")
        assert kept is not None
        entries = await list_thread_entries(office.database, thread.id)
        completed = next(row.seq for row in entries if b'"status":"06"' in row.statement)
        found = {}
        for size in (kept.size, completed - 1):
            document = await gather_document(thread, walk.records, replace(kept, size=size))
            assert document is not None
            found[size] = next(each for each in document.recipients if each.code == MINISTRY)
    assert [each.status for each in found.values()] == ["06", "03"]
    assert found[completed - 1].status_at < found[kept.size].status_at


async def test_what_others_signed_counts_only_with_their_certificate(later: Node, tmp_path: Path) -> None:
    """Without it, or when it leads to no anchor, nothing is wrong: it is said that nothing was shown."""
    foreign = issued(HUB, by=authority("Gốc khác"))
    (tmp_path / "foreign.pem").write_bytes(foreign.chain_pem)
    for others in ((), (tmp_path / "foreign.pem",)):
        await export(later, tmp_path / "b.asice", "412/SYT-VP", *others)
        findings = judged((tmp_path / "b.asice").read_bytes())
        assert (wrong(findings), findings.exit_code) == (set(), 0)
        assert findings.counts["far-receipts"] == 0 < findings.counts["far-unsigned"]
        assert "1 chữ ký không có chứng thư đáng tin" in "".join(findings.found["checkpoint"])


async def test_a_token_in_the_older_form_is_read(later: Node, tmp_path: Path) -> None:
    """ESSCertID of RFC 2634, as authorities still write it."""
    async with open_office(load_config(later.directory / "config.toml")) as office:
        kept = await find_newest(office.database)
    assert kept is not None
    token = stamp(kept.note, tmp_path / "tsa", ess="sha1")
    at, by, certificates = read_token(token, kept.note)
    assert (by, certificates) == (stamping().certificate, [stamping().certificate])
    assert abs(at - now()).total_seconds() < 60
    with pytest.raises(Wrong):
        read_token(token, kept.note + b"x")


async def test_a_package_deleted_after_its_retention_is_still_proved(later: Node, tmp_path: Path) -> None:
    """The bytes are gone by design; every statement about them stands, and the bundle says so."""
    change(source_in(later.directory), "DELETE FROM blobs")
    await export(later, tmp_path / "b.asice", "412/SYT-VP")
    bundle = (tmp_path / "b.asice").read_bytes()
    findings = judged(bundle)
    assert (wrong(findings), findings.exit_code) == (set(), 0)
    assert findings.counts["packages-gone"] > 0 == findings.counts["packages"]
    assert findings.verdict("packages") == "empty"
    assert "deleted after retention" in findings.found["packages"][1]
    assert "đã xóa khi hết hạn lưu" in parts_of(bundle)[f"{DOCUMENT}/summary.html"].decode()


async def test_a_bundle_of_what_retention_erased_holds_with_the_erasure_in_it(tmp_path: Path) -> None:
    """Erased by the node itself: no byte of a package is there, and who erased it by which rule is proved."""
    node = await found_node(tmp_path / "node", documents="30d", statuses="30d")
    await travel(node, LETTER)
    node.clock.ahead = timedelta(days=40)
    await wait_for(lambda: bool(node.rows("SELECT 1 FROM log WHERE kind = 'erased'")))
    await export(node, tmp_path / "b.asice", "412/SYT-VP")
    await node.stop()
    bundle = (tmp_path / "b.asice").read_bytes()
    findings = judged(bundle)
    assert (wrong(findings), findings.exit_code) == (set(), 0)
    assert (findings.counts["packages"], findings.counts["packages-gone"]) == (0, 1)
    told = json.loads(parts_of(bundle)[f"{DOCUMENT}/envelope.json"])["entries"]
    assert [entry["event"] for entry in told] == ["accepted", "collected", "confirmed", "erased"]


async def test_receipts_of_a_former_seal_are_proved_by_its_certificate(later: Node, tmp_path: Path) -> None:
    """A renewed seal signs the bundle; without the former certificate nothing is exported that would fail."""
    (later.directory / "seal.pem").rename(later.directory / "seal-2026.pem")
    renewed = issue_seal(authority(), holder=PROVINCE, name="Dấu mới", at=ISSUED_AT, days=SEAL_DAYS)
    (later.directory / "seal.key").write_bytes(renewed.key_pem)
    (later.directory / "seal.pem").write_bytes(renewed.chain_pem)
    await export(later, tmp_path / "b.asice", "412/SYT-VP")
    assert judged((tmp_path / "b.asice").read_bytes()).exit_code == 0
    (later.directory / "seal-2026.pem").unlink()
    with pytest.raises(Refusal) as caught:
        await export(later, tmp_path / "c.asice", "412/SYT-VP")
    assert caught.value.code == "certificate-missing"
    assert not list(tmp_path.glob("c.asice*"))


async def test_a_large_package_and_a_hostile_subject(world: World, tmp_path: Path) -> None:
    """Streamed from its file, sealed and not; foreign text stands on the page and never acts on it."""
    sent = Sent(sender=HEALTH, number="9", notation="../..\\SYT")
    raw = document(
        sent, [FINANCE], subject="&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; ", attachment=bytes(3 << 20)
    )
    assert (await world.health.send(raw, sender=HEALTH)).ok
    await collect_all(world.finance)
    await export(world.gateway, tmp_path / "b.asice", sent.document_id)
    bundle = (tmp_path / "b.asice").read_bytes()
    assert wrong(judged(bundle)) == set()
    parts = parts_of(bundle)
    assert parts[first(parts, "package-01-as-sent")] == raw
    assert b"SignatureValue" in parts[first(parts, "package-01-as-left")]
    for page in (parts["summary.html"], parts[first(parts, "/summary.html")]):
        assert b"<script" not in page
        assert b"&lt;script&gt;alert(1)" in page
