"""An axis that says of our packages what cannot be, or the same for ever."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clients.axis import Axis
from gateway.exchange.evidencing import Evidencing
from gateway.exchange.notary import Notary
from gateway.model.identifiers import PackageId
from gateway.model.log import LogKind
from gateway.store.database import open_database
from gateway.vxp.operations import Operation
from gateway.vxp.receipts import ReceiptItem, write_receipts
from tests.databases import fresh_source
from tests.keys import seal
from tests.rooms.test_axis_client import H57, NOW, FarSide, axis, far_side

__all__ = ["axis", "far_side"]  # the fixtures


@pytest.mark.both_engines
async def test_what_an_axis_repeats_or_nobody_could_look_for_holds_nothing_up(
    tmp_path: Path, far_side: FarSide, axis: Axis
) -> None:
    """Receipts of a package with a zero byte in its name are passed over, and not asked for again at once."""
    notary = Notary(gateway=H57, seal=seal(H57))
    signed = notary.entry(LogKind.COLLECTED, at=NOW, package_id=PackageId("x"), sha256="0" * 64).receipt
    assert signed is not None
    told = json.loads(signed)
    told["statement"] = told["statement"].replace('"package":"x"', r'"package":"a\u0000"')
    items = [ReceiptItem(entry=entry, event="collected", receipt=told) for entry in range(1, 51)]
    far_side.answers[Operation.LIST_RECEIPTS] = write_receipts(items)
    database = await open_database(fresh_source(tmp_path / "x.db"), linger=timedelta(0), batch_limit=8)
    evidencing = Evidencing(database=database, notary=notary, axis=axis, certificates=(), clock=lambda: NOW)
    assert [await evidencing.fetch(), await evidencing.fetch()] == [True, False]
    assert far_side.asked[-1][1].values["after"] == "50"
    await database.close()
