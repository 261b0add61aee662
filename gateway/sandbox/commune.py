"""The commune of the demo has no DMS: its people work in the console of the province's gateway."""

from datetime import datetime

from gateway.model.formats import VIETNAM
from gateway.sandbox.agencies import COMMUNE, HEALTH, PROVINCE, PROVINCE_PLAN
from gateway.sandbox.documents import Letter, files_of
from gateway.sandbox.visitor import signed_in
from gateway.sandbox.world import World

COMMUNE_LOGIN = "vanthu-xa"
_SUBJECTS = (
    "Kết quả tiêm vắc-xin sởi bổ sung trên địa bàn xã",
    "Tình hình thiệt hại do mưa lũ và nhu cầu hỗ trợ",
)


async def work_in_commune(world: World) -> None:
    """Finish what is in work there, but for some, and take what is new.

    Errors: Delay ``page-wrong``.
    """
    node = world.nodes[PROVINCE_PLAN.folder]
    async with signed_in(node.url, node.account(COMMUNE_LOGIN)) as visitor:
        await visitor.open("/mailbox", pile="open")
        for path in visitor.links("/mailbox/")[1:]:
            await visitor.open(path)
            await visitor.press(f"{path}/answers/06")
        await visitor.open("/mailbox")
        for path in visitor.links("/mailbox/"):
            await visitor.open(path)
            await visitor.press(f"{path}/answers/03")


async def write_in_commune(world: World, at: datetime) -> None:
    """Write a report to the province and its health department there, and send it.

    Errors: Delay ``page-wrong``.
    """
    node, day = world.nodes[PROVINCE_PLAN.folder], at.astimezone(VIETNAM).date()
    letter = Letter(
        sender=COMMUNE,
        recipients=(PROVINCE, HEALTH),
        number=day.timetuple().tm_yday,
        section="",
        day=day,
        subject=_SUBJECTS[day.month % len(_SUBJECTS)],
        paragraphs=("Ủy ban nhân dân xã Suối Mẫu báo cáo kết quả như trên. Trân trọng báo cáo./.",),
        type_name="Báo cáo",
    )
    fields = {
        "number": letter.code.number,
        "notation": letter.code.notation,
        "day": day.isoformat(),
        "place": COMMUNE.place,
        "type_name": letter.type_name,
        "subject": letter.subject,
        "signer_position": "Chủ tịch",
        "act": "send",
    }
    async with signed_in(node.url, node.account(COMMUNE_LOGIN)) as visitor:
        await visitor.open("/drafts")
        draft = await visitor.press("/drafts", agency=COMMUNE.code)
        for recipient in letter.recipients:
            await visitor.send_form(draft, {"add": recipient.code, "act": "save"}, {})
        preview = await visitor.send_form(draft, fields, dict(files_of(letter)))
        await visitor.press(preview)
