"""A site with documents on it: what the tests of searching and reading find there."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from gateway.config import load_config
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.model.people import UserRole
from gateway.office import now, open_office
from gateway.sandbox.dms import SampleDms
from tests.console import Site, open_site, person
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, PROVINCE, collect_all, prepare_node

TODAY = now().astimezone().date()
LAST_MONTH = TODAY.replace(day=1) - timedelta(days=3)

REPORT = Sent(sender=HEALTH, number="412", notation="SYT-VP", day=LAST_MONTH)
LETTER = Sent(sender=HEALTH, number="413", notation="SYT-KHTC", day=TODAY)
DECREE = Sent(sender=FINANCE, number="57", notation="QĐ-STC", day=TODAY)
HOSTILE = Sent(sender=HEALTH, number="666", notation="SYT-TH", day=TODAY)
OTHERS = Sent(sender=FINANCE, number="99", notation="STC-VP", day=TODAY)

SCRIPT = "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(2)&gt;"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


@contextlib.asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Site]:
    """Open a site where the health department (the clerk's) and the finance department have corresponded.

    ``finance`` is a clerk of the finance department.
    """
    finance = person(UserRole.CLERK, "finance", agencies=frozenset({FINANCE}))
    # Checkpoints are made when a test says so.
    node = prepare_node(folder, code=PROVINCE, audit={"checkpoint_every": "0s"})
    await node.connect("TINH", [PROVINCE])
    async with open_site(folder, finance, node=node) as site, contextlib.AsyncExitStack() as leaving:
        health, finance_dms = site.node.dms("SYT"), site.node.dms("STC")
        for dms in (health, finance_dms):
            leaving.push_async_callback(dms.close)
        await correspond(health, finance_dms)
        yield site


async def correspond(health: SampleDms, finance: SampleDms) -> None:
    """Send what there is to be found."""
    subject = "Về việc báo cáo kết quả tiêm chủng mở rộng"
    report = document(
        REPORT, [FINANCE, PROVINCE], subject=subject, attachment=PDF, name="Báo cáo tiêm chủng.pdf"
    )
    assert (await health.send(report, sender=HEALTH)).ok
    await collect_all(finance)
    assert (await finance.send(status(REPORT, "03", by=FINANCE), sender=FINANCE, kind="status")).ok
    letter = document(LETTER, [FINANCE], subject="Đề nghị cấp kinh phí phòng, chống dịch", priority=2)
    assert (await health.send(letter, sender=HEALTH)).ok
    decree = document(DECREE, [HEALTH], subject="Quyết định giao dự toán ngân sách", attachment=PDF)
    assert (await finance.send(decree, sender=FINANCE)).ok
    hostile = document(
        HOSTILE,
        [FINANCE],
        subject=SCRIPT,
        name="..\\..\\&lt;b&gt;hiểm họa.html",
        attachment=b"<script>alert(3)</script>",
    )
    assert (await health.send(hostile, sender=HEALTH)).ok
    others = document(OTHERS, [PROVINCE], subject="Văn bản chỉ giữa tài chính và tỉnh")
    assert (await finance.send(others, sender=FINANCE)).ok
    declined = status(LETTER, "02", by=FINANCE, description="Thiếu phụ lục")
    assert (await finance.send(declined, sender=FINANCE, kind="status")).ok


def thread_of(site: Site, sent: Sent) -> str:
    """The address of a document's page ends with this."""
    (row,) = site.node.rows("SELECT id FROM threads WHERE document_id = ?", sent.document_id)
    return str(row["id"])


async def make_checkpoint(site: Site) -> None:
    """Sign the log as it is."""
    async with open_office(load_config(site.node.directory / "config.toml")) as office:
        origin = log_name(office.notary.gateway)
        checkpoints = Checkpoints(database=office.database, seal=office.seal, origin=origin)
        assert await checkpoints.make(at=now()) is not None
