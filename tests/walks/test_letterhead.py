"""Whose letterhead a report bears: the node's own as it was set up, another's as the directory has it."""

from datetime import UTC, date, datetime
from pathlib import Path

from gateway.config import load_config
from gateway.deadlines.counts import Period
from gateway.exchange.reporting import Question, Reporting
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.report import Report
from gateway.office import letterhead_of, open_office
from tests.walks.world import HEALTH, NAMES, PROVINCE, prepare_node

NOW = datetime(2026, 4, 2, 3, tzinfo=UTC)
YEAR = Period(first=date(2026, 1, 1), last=date(2026, 12, 31))
SET_UP = {
    "over": "Chính quyền địa phương",
    "place": "Thử Nghiệm",
    "notation": "BC-UBND",
    "recipients": ["Như trên;", "Lưu: VT, TH."],
    "competence": "TL. CHỦ TỊCH",
    "position": "Chánh Văn phòng",
    "signer": "Nguyễn Văn Mẫu",
}


async def report_for(folder: Path, issuer: AgencyCode | None) -> Report:
    """The report of a year with the letterhead of an agency."""
    node = prepare_node(folder / "node", code=PROVINCE, reports=SET_UP)
    async with open_office(load_config(node.directory / "config.toml")) as office:
        for agency in (
            Agency(code=PROVINCE, name=NAMES[PROVINCE]),
            Agency(code=HEALTH, name=NAMES[HEALTH], parent=PROVINCE),
        ):
            await office.registry.put_agency(agency, by="test", at=NOW)
        reporting = Reporting(
            database=office.database,
            directory=office.directory,
            notary=office.notary,
            own_code=PROVINCE,
            letterhead=letterhead_of(office.config),
            clock=lambda: NOW,
        )
        return (await reporting.tell(Question(period=YEAR, issuer=issuer))).report


async def test_a_report_of_the_node_bears_what_was_set_up(tmp_path: Path) -> None:
    """The organisation above, place, notation, recipients and who signs."""
    report = await report_for(tmp_path, None)
    assert report.issuer == NAMES[PROVINCE]
    assert {name: getattr(report, name) for name in SET_UP} == SET_UP | {
        "recipients": tuple(SET_UP["recipients"])
    }


async def test_a_report_of_another_agency_bears_nobody_else_s_signature(tmp_path: Path) -> None:
    """Its name, and that of the agency above it; who signs is written by hand."""
    report = await report_for(tmp_path, HEALTH)
    assert (report.issuer, report.over) == (NAMES[HEALTH], NAMES[PROVINCE])
    assert (report.signer, report.position, report.notation) == ("", "", "BC")
