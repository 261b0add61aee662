"""The container of a bundle: what is written is read back, and no bit of it says anything unnoticed."""

import ast
import io
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.evidence import asic
from gateway.evidence.asic import ContainerWriter
from gateway.evidence.bundle import certificate_name, folder_name, write_chain
from gateway.evidence.verifier import PARTS, container
from gateway.evidence.verifier.audit import verify
from gateway.evidence.verifier.forms import FORM, write_json
from gateway.exchange.export import read_script
from gateway.trust.keys import Algorithm, Seal
from tests.bundles import sealed
from tests.keys import HEALTH, authority, seal

AT = datetime(2026, 4, 12, 3, 4, 5, 678901, tzinfo=UTC)
UNTIL_SIGNED = ("container", "lists", "holder", "seal")


def small(by: Seal, *, count: int = 1) -> bytes:
    """A bundle that holds nothing but its certificate: everything up to its signature is right."""
    name = certificate_name("seal", by.certificate)
    head = {"form": FORM, "gateway": HEALTH, "made_at": f"{AT:%Y-%m-%dT%H:%M:%S.%f}Z", "program": "thử"}
    parts = {name: write_chain([by.certificate]), "README.txt": b"x"}
    parts |= {f"documents/{number}/envelope.json": b"{}" for number in range(1, count)}
    return sealed(parts, head | {"seals": [name], "others": []}, by)


def unsound(bundle: bytes) -> bool:
    """Whether anything up to the signature is wrong."""
    findings = verify(io.BytesIO(bundle), [authority().certificate])
    return any(findings.verdict(check) == "wrong" for check in UNTIL_SIGNED)


def flipped(bundle: bytes, bit: int) -> bytes:
    """A bundle with one bit changed."""
    changed = bytearray(bundle)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_is_written_holds(algorithm: Algorithm) -> None:
    """For both kinds of keys: container, lists, certificate, signature."""
    assert not unsound(small(seal(HEALTH, algorithm=algorithm)))


def test_the_same_bundle_is_written_twice_to_the_byte() -> None:
    """No clock and no chance is in it but the instant it was given."""
    assert small(seal()) == small(seal())


def test_every_single_bit_counts() -> None:
    """Each bit of a whole small bundle changed alone, zip structures and all: always found."""
    bundle = small(seal())
    assert [at for at in range(8 * len(bundle)) if not unsound(flipped(bundle, at))] == []


def test_no_byte_can_be_taken_away_or_put_in() -> None:
    """Cut short at any length, and with a byte more before, between or behind: always found."""
    bundle = small(seal())
    assert all(unsound(bundle[:size]) for size in range(len(bundle)))
    assert all(unsound(bundle[:at] + b"\0" + bundle[at:]) for at in range(len(bundle) + 1))


@pytest.mark.parametrize(("large", "many"), [(1500, 0xFFFF), (2**31 - 1, 4)])
def test_what_is_large_or_many_takes_the_wide_form_of_zip(
    monkeypatch: pytest.MonkeyPatch, large: int, many: int
) -> None:
    """As beyond two gibibytes or 65,535 parts, with limits brought down: it holds, and every bit counts."""
    monkeypatch.setattr(asic, "_NARROW", large)
    monkeypatch.setattr(asic, "_VERY_MANY", 0)
    monkeypatch.setattr(container, "_NARROW", large)
    monkeypatch.setattr(container, "_FEW", many)
    bundle = small(seal(), count=5)
    assert b"PK\x06\x06" in bundle[-200:]
    assert not unsound(bundle)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
    directory = bundle.index(b"PK\x01\x02")
    assert [at for at in range(8 * directory, 8 * len(bundle)) if not unsound(flipped(bundle, at))] == []


def test_other_tools_open_it() -> None:
    """Python's own zipfile and Info-ZIP find every file whole, the media type first and readable in place."""
    bundle = small(seal())
    assert bundle[30 : 30 + 8] == b"mimetype"
    assert bundle[38:].startswith(b"application/vnd.etsi.asic-e+zip")
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "documents/a/../b.json", "README.TXT", "x\n", "ổ.json"]
)
def test_a_name_that_is_none_of_ours_is_not_written(name: str) -> None:
    """Nothing that an unpacker could be led astray by."""
    writer = ContainerWriter(io.BytesIO(), io.BytesIO(), at=AT)
    with pytest.raises(ValueError, match="no part called"):
        writer.add(name, b"")


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=80))
def test_every_notation_makes_a_folder(notation: str) -> None:
    """Whatever a number and notation hold, the folder's name is one that bundles may have."""
    ContainerWriter(io.BytesIO(), io.BytesIO(), at=AT).add(f"{folder_name(notation)}/envelope.json", b"")
    assert folder_name("845/SGDĐT-KHTC", 12) == "documents/000012-845-SGDDT-KHTC"


def test_the_script_stands_alone(tmp_path: Path) -> None:
    """It knows nothing of ours, runs isolated from it, and is Python 3.9."""
    script = tmp_path / "verify.py"
    script.write_bytes(read_script())
    tree = ast.parse(script.read_text("utf-8"), feature_version=(3, 9))
    imported = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported - {"cryptography"} <= sys.stdlib_module_names
    (tmp_path / "small.asice").write_bytes(small(seal()))
    command = [sys.executable, "-I", str(script), str(tmp_path / "small.asice")]
    ran = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False)
    assert ran.returncode == 1  # it holds no checkpoint
    assert " 4 ✓ Chữ ký XAdES" in ran.stdout.decode()
    assert ran.stderr == b""


def test_no_two_modules_of_the_script_share_a_name() -> None:
    """One behind the other the later would take the earlier's place."""
    seen: dict[str, str] = {}
    for part in PARTS:
        path = Path(__file__).parent.parent.parent / "gateway" / "evidence" / "verifier" / f"{part}.py"
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [getattr(node, "name", None)]
            if isinstance(node, ast.Assign):
                names = [getattr(target, "id", None) for target in node.targets]
            for name in filter(None, names):
                assert seen.setdefault(name, part) == part, name


def test_json_has_one_form() -> None:
    """Members sorted, nothing between tokens, letters as they are."""
    assert write_json({"b": "Đ", "a": [1, None]}) == '{"a":[1,null],"b":"Đ"}'


def test_a_certificate_that_is_not_the_gateways_seals_nothing_of_its() -> None:
    """Right in itself and anchored, but another agency's."""
    by = seal(HEALTH)
    name = certificate_name("seal", by.certificate)
    head = {"form": FORM, "gateway": "H57", "made_at": f"{AT:%Y-%m-%dT%H:%M:%S.%f}Z", "program": "thử"}
    bundle = sealed({name: write_chain([by.certificate])}, head | {"seals": [name], "others": []}, by)
    findings = verify(io.BytesIO(bundle), [authority().certificate])
    assert findings.verdict("holder") == "wrong"
