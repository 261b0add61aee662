"""TLS, and callers who must show a certificate."""

import asyncio
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.errors import Delay, Misconfiguration
from gateway.model.agency import SystemKind
from gateway.settings import Role
from tests.packages import Sent, document
from tests.tls_files import write_certificate
from tests.walks.test_axis_probe import probed
from tests.walks.world import HEALTH, HUB, MINISTRY, PROVINCE, collect_all, prepare_node, until


async def test_a_document_travels_over_mutual_tls_in_both_directions_of_the_wire(tmp_path: Path) -> None:
    """The hub shows its certificate and wants one; the gateway shows one; Vietnamese headers survive."""
    server, server_key = write_certificate(tmp_path, "hub-tls")
    client, client_key = write_certificate(tmp_path, "gateway-tls")
    hub = prepare_node(
        tmp_path / "hub",
        code=HUB,
        role=Role.HUB,
        http={
            "tls_certificate_file": str(server),
            "tls_key_file": str(server_key),
            "client_ca_file": str(client),
        },
    )
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(
        tmp_path / "gateway",
        code=PROVINCE,
        below=(hub.url, "TINH", secret),
        axis={
            "ca_file": str(server),
            "client_certificate_file": str(client),
            "client_key_file": str(client_key),
        },
    )
    assert [step.is_well for step in await probed(gateway)] == [True] * 6
    bare = prepare_node(
        tmp_path / "bare", code=PROVINCE, below=(hub.url, "TINH", secret), axis={"ca_file": str(server)}
    )
    last = (await probed(bare))[-1]
    assert (last.is_well, "axis.client_certificate_file" in last.en) == (False, True)
    await gateway.connect("SYT", [HEALTH])
    await gateway.start()
    try:
        assert hub.url.startswith("https://")
        assert (await gateway.dms("SYT").send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
        known = ssl.create_default_context(cafile=server)
        with pytest.raises(Delay):
            await hub.dms("BO", tls=known).received()  # shows no certificate
        known.load_cert_chain(client, client_key)
        ministry = hub.dms("BO", tls=known)
        (item,) = (await until(ministry.received, lambda answer: bool(answer.items))).items
        assert (await ministry.confirm(item["docId"], "processing", description="Đang xử lý")).ok
        assert len(await collect_all(ministry)) == 1
        # Both certificates end in two days, and who runs the nodes is told.
        for node, name in (hub, server.name), (gateway, client.name):
            async with asyncio.timeout(10):
                while not node.rows("SELECT 1 FROM alerts WHERE rule = 'seal-ends' AND subject = ?", name):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
    finally:
        await gateway.stop()
        await hub.stop()


@pytest.mark.parametrize(
    ("code", "chain", "key"),
    [
        ("tls-key-of-another", "node.crt", "other.tls"),
        ("tls-unreadable", "node.tls", "node.crt"),
        ("tls-unreadable", "node.crt", "with-password.tls"),
    ],
)
async def test_a_certificate_or_key_of_no_use_stops_the_start_and_its_setting_is_named(
    code: str, chain: str, key: str, tmp_path: Path
) -> None:
    """Another's key, the two files mixed up, a key with a password: nobody is asked for it."""
    _, plain = write_certificate(tmp_path, "node")
    write_certificate(tmp_path, "other")
    (tmp_path / "with-password.tls").write_bytes(
        load_pem_private_key(plain.read_bytes(), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"...")
        )
    )
    files: dict[str, object] = {
        "tls_certificate_file": str(tmp_path / chain),
        "tls_key_file": str(tmp_path / key),
    }
    with pytest.raises(Misconfiguration) as refused:
        await prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB, http=files).start()
    assert refused.value.code == code
    assert refused.value.faults[0].where == "http.tls_certificate_file, http.tls_key_file"


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        ("axis", {"ca_file": "rubbish.pem"}),
        ("axis", {"certificate_file": "rubbish.pem"}),
        ("audit", {"timestamp_anchors_file": "rubbish.pem", "timestamp_url": "http://127.0.0.1:1/tsa"}),
    ],
)
async def test_rubbish_for_an_authority_stops_the_start_and_its_setting_is_named(
    table: str, settings: dict[str, object], tmp_path: Path
) -> None:
    """Of the axis, of its seal, of timestamps; and nothing that was opened is left open."""
    below = ("https://127.0.0.1:1", "TINH", "secret")
    node = prepare_node(tmp_path / "gateway", code=PROVINCE, below=below, **{table: settings})
    (node.directory / "rubbish.pem").write_text("…")
    with pytest.raises(Misconfiguration, match=r"(authorities|anchors)-unreadable") as refused:
        await node.start()
    assert refused.value.faults[0].where == f"{table}.{next(iter(settings))}"


async def test_a_file_that_is_no_anchor_is_named(tmp_path: Path) -> None:
    """Among others in their folder."""
    node = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    (node.directory / "certs" / "readme.pem").write_text("…")
    with pytest.raises(Misconfiguration) as refused:
        await node.start()
    assert refused.value.faults[0].where == "trust.anchors_dir, readme.pem"
