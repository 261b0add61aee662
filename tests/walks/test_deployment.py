"""The settings of deploy/compose, their paths and addresses put elsewhere, serve as two nodes."""

from pathlib import Path

import pytest

from gateway.office import now
from gateway.sandbox.dms import SampleDms
from tests.databases import fresh_address, why_no_postgresql
from tests.deployed import prepare, settled
from tests.object_store import KEY_ID, SECRET, Store
from tests.packages import Sent, document
from tests.rooms.cli_kit import served
from tests.walks.world import FINANCE, HEALTH, Node, collect_all


@pytest.mark.skipif(why_no_postgresql() is not None, reason=str(why_no_postgresql()))
async def test_two_nodes_of_the_compose_file_serve_one_gateway(tmp_path: Path, object_store: Store) -> None:
    """What comes to the one, small or large, is collected from the other."""
    prepare(tmp_path / "run")
    (tmp_path / "run" / "secrets" / "objects.secret").write_text(SECRET)
    elsewhere = {
        "postgresql://lienthong@database:5432/lienthong": fresh_address(tmp_path),
        "s3://packages/": f"s3://{object_store.bucket}/{tmp_path.name}-",
        "http://objects:8333": object_store.url,
        '"lienthong"': f'"{KEY_ID}"',
        '"0.0.0.0"': '"127.0.0.1"\nport = 0',
        "[http]": '[nodes]\ngone_after = "1s"\n\n[http]',
    }
    local = f"{tmp_path}/var/lib/lienthong/"
    nodes = []
    for name in ("a", "b"):
        own = {f"{local}{each}": f"{local}{name}/{each}" for each in ("lienthong.db", "blobs", "spool")}
        settings = settled(tmp_path, "compose", node=name, replaced=elsewhere | own)
        (tmp_path / "var" / "lib" / "lienthong" / name).mkdir(parents=True)
        nodes.append(Node(directory=settings.parent))
    secrets = nodes[0].secrets = nodes[1].secrets
    await nodes[0].connect("SYT", [HEALTH])
    await nodes[0].connect("STC", [FINANCE])
    with served(nodes[0].directory) as first, served(nodes[1].directory) as second:
        sending = SampleDms(first.url, "SYT", secrets["SYT"], made_at=now())
        taking = SampleDms(second.url, "STC", secrets["STC"], made_at=now())
        for number, size in (("1", 100), ("2", 200_000)):
            letter = document(Sent(sender=HEALTH, number=number), [FINANCE], attachment=bytes(size))
            assert (await sending.send(letter, sender=HEALTH)).ok
        packages = await collect_all(taking, count=2)
        assert sorted(len(each) > 200_000 for each in packages) == [False, True]
