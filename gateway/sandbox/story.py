"""The demo's story, scene by scene, each checked from the outside: by what the DMSs send and receive."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.evidence.receipts import read_receipt
from gateway.model.code_lists import Business, StatusCode
from gateway.model.formats import counted
from gateway.sandbox.agencies import (
    EDUCATION,
    FINANCE,
    HEALTH,
    HUB_PLAN,
    MINISTRY,
    MINISTRY_PLAN,
    PROVINCE,
    PROVINCE_PLAN,
)
from gateway.sandbox.audit import check_logs, prove_to_a_stranger
from gateway.sandbox.documents import recall_of, replacement_of, update_of, write_letter
from gateway.sandbox.faulty_axis import Fault
from gateway.sandbox.forgeries import certificates_in, forge_signature, spoil
from gateway.sandbox.stage import Stage, Turn, unlike
from gateway.sandbox.visitor import signed_in
from gateway.vxp.operations import Operation

# How long the axis stays away: long enough for several attempts of each gateway.
_AWAY_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene: what it shows, and the acts."""

    vi: str
    en: str
    play: Callable[[Stage], Awaitable[None]]


async def send_new(stage: Stage) -> None:
    """A ministry writes to a province and two departments, through both gateways and the hub."""
    letter = stage.letters.directive
    sent = await stage.send(letter)
    stage.say(
        f"Bộ gửi văn bản {letter.code} kèm PDF; cổng của Bộ trả mã gói tin và biên nhận ký số",
        f"the ministry sends; its gateway promises: id {sent.answer.doc_id[-12:]}, signed receipt",
    )
    await stage.arrived(letter)
    stage.say(
        "UBND tỉnh, Sở Y tế, Sở GDĐT nhận đủ; PDF nguyên vẹn, chữ ký số hợp lệ",
        "all three receive it: the PDF byte for byte, the seal valid",
    )
    await stage.heard(letter, StatusCode.ARRIVED, *letter.recipients)
    stage.say("Trạng thái 01 (đã đến) tự động về Bộ từ cả ba nơi", "status 01 comes back by itself")


async def answer_all(stage: Stage) -> None:
    """Each recipient answers in its own way."""
    letter = stage.letters.directive

    async def work_through() -> None:
        for status in (StatusCode.RECEIVED, StatusCode.PROCESSING, StatusCode.COMPLETED):
            await stage.answer(letter, status, HEALTH)

    await asyncio.gather(
        work_through(),
        stage.answer(letter, StatusCode.RECEIVED, PROVINCE),
        stage.answer(letter, StatusCode.DECLINED, EDUCATION, reason="Không thuộc thẩm quyền của Sở"),
    )
    stage.say(
        "Sở Y tế: 03 đã tiếp nhận, 05 đang xử lý, 06 hoàn thành", "Health: received, processing, completed"
    )
    stage.say(
        "UBND tỉnh: 03 đã tiếp nhận; Sở GDĐT: 02 từ chối, có lý do",
        "Province: received; Education: declined, with a reason",
    )


async def update(stage: Stage) -> None:
    """The ministry corrects its letter; one holder agrees, the other does not."""
    letter = stage.letters.directive_corrected
    await stage.send(letter, update_of(letter, "Sửa thời hạn kết nối"))
    await stage.arrived(letter, Business.UPDATE)
    stage.say(
        "Bộ gửi bản cập nhật của cùng văn bản, PDF mới đến hai nơi còn giữ",
        "an update: the new PDF reaches both holders",
    )
    await asyncio.gather(
        stage.answer(letter, StatusCode.CHANGE_ACCEPTED, HEALTH),
        stage.answer(letter, StatusCode.CHANGE_DECLINED, PROVINCE, reason="Đã ban hành kế hoạch theo bản cũ"),
    )
    stage.say(
        "Sở Y tế: 15 đồng ý; UBND tỉnh: 16 từ chối, có lý do", "Health agrees (15), Province declines (16)"
    )


async def share_a_gateway(stage: Stage) -> None:
    """A department writes to its neighbour on the same gateway, and to the ministry."""
    letter = stage.letters.estimate
    await stage.send(letter)
    await stage.arrived(letter)
    await stage.heard(letter, StatusCode.ARRIVED, FINANCE, MINISTRY)
    stage.say(
        f"Sở GDĐT gửi {letter.code}, hai tệp: tới Sở Tài chính ngay trong cổng, tới Bộ qua trục",
        "two files: to a neighbour inside the shared gateway, to the ministry through the hub",
    )
    await stage.answer(letter, StatusCode.RECEIVED, FINANCE)


async def recall(stage: Stage) -> None:
    """The department takes its letter back."""
    letter = stage.letters.estimate
    await stage.send(letter, recall_of(letter, "Gửi nhầm phụ lục"))
    await stage.arrived(letter, Business.RECALL)
    await asyncio.gather(
        stage.answer(letter, StatusCode.CHANGE_ACCEPTED, FINANCE),
        stage.answer(letter, StatusCode.CHANGE_ACCEPTED, MINISTRY),
    )
    stage.say(
        "Sở GDĐT thu hồi văn bản; Sở Tài chính và Bộ đều trả lời 15 đồng ý",
        "recalled; both holders agree (15)",
    )


async def replace(stage: Stage) -> None:
    """A report, and the report that takes its place."""
    old, new = stage.letters.report, stage.letters.report_anew
    await stage.send(old)
    await stage.arrived(old)
    await stage.heard(old, StatusCode.ARRIVED, MINISTRY)
    await stage.send(new, replacement_of(old, "Cập nhật số liệu"))
    await stage.arrived(new, Business.REPLACE)
    await stage.heard(new, StatusCode.ARRIVED, MINISTRY)
    arrived = await stage.clerk(MINISTRY).until_document(new, MINISTRY, Business.REPLACE)
    if old.document_id not in arrived.replaced:
        raise unlike(
            "bản thay thế không nêu văn bản bị thay", "the replacement does not name what it replaces"
        )
    stage.note(old, MINISTRY, f"thay bằng {new.code}")
    stage.say(
        f"Sở Y tế gửi báo cáo {old.code}, rồi {new.code} thay thế", "a report, then another that replaces it"
    )
    await stage.answer(new, StatusCode.RECEIVED, MINISTRY)


async def lose_the_axis(stage: Stage) -> None:
    """The axis goes away; everything goes on that can, and the rest waits."""
    road, letters = stage.world.road, stage.letters
    road.fault = Fault.AWAY
    await stage.send(letters.storm_warning)
    await stage.send(letters.funding)
    await stage.send(letters.invitation)
    stage.say(
        "Trục ngừng hoạt động. Hai phía vẫn gửi được: cổng nhận, cấp biên nhận, giữ lại chờ trục",
        "the axis is away; both gateways take letters, give receipts and keep them",
    )
    await stage.arrived(letters.invitation)
    await stage.heard(letters.invitation, StatusCode.ARRIVED, FINANCE)
    stage.say(
        "Trong cổng chung, Sở Y tế vẫn gửi tới Sở Tài chính", "inside the shared gateway letters still arrive"
    )
    await asyncio.sleep(_AWAY_SECONDS)
    for letter in (letters.storm_warning, letters.funding):
        if set((await stage.clerk(letter.sender).send_states(letter)).values()) != {"processing"}:
            raise unlike(f"{letter.code} không ở trạng thái chờ gửi", "a letter does not wait as it should")
    road.fault = None
    for letter in (letters.storm_warning, letters.funding):
        await stage.arrived(letter)
        await stage.heard(letter, StatusCode.ARRIVED, *letter.recipients)
    stage.say(
        "Trục trở lại: công điện hỏa tốc và công văn đang chờ đều đến nơi",
        "the axis is back: everything that waited arrives",
    )


async def lose_an_answer(stage: Stage) -> None:
    """The hub takes a letter, its answer is lost; the gateway asks before it sends again."""
    road, letter = stage.world.road, stage.letters.accounts
    road.plan(Fault.SWALLOWED, count=1, operation=Operation.SEND.value)
    before = len(road.passages)
    await stage.send(letter)
    await road.met()
    stage.say(
        "Trục đã nhận gói tin nhưng trả lời bị mất giữa đường",
        "the hub takes the package, its answer is lost",
    )
    await stage.arrived(letter)
    await stage.heard(letter, StatusCode.ARRIVED, MINISTRY)
    clerk = stage.clerk(MINISTRY)
    await stage.until_done(letter)
    await clerk.look()
    copies_count = sum(found.document_id == letter.document_id for found in clerk.documents)
    asked = any(passage.operation == Operation.LIST_SENT for passage in road.passages[before:])
    if copies_count != 1 or not asked:
        raise unlike(f"bên nhận có {copies_count} bản", f"the recipient got {counted(copies_count, 'copy')}")
    stage.say(
        "Cổng hỏi lại trục, biết gói tin đã tới, không gửi lần hai: Bộ nhận đúng một bản",
        "the gateway asks what arrived and sends nothing twice: exactly one copy",
    )


async def refuse_the_forged(stage: Stage) -> None:
    """Somebody signs under another's certificate; somebody's software writes nonsense."""
    now = datetime.now(UTC)
    forged, spoilt = stage.letters.forged, stage.letters.spoilt
    # The forger works where the province's seal can be had: in any mailbox, in any package it sealed.
    theirs = certificates_in(stage.clerk(MINISTRY).documents[0].content)
    package = forge_signature(write_letter(forged, at=now), theirs, holder=FINANCE.code, at=now)
    what = Turn(vi="chữ ký số giả mạo", en="forged signature")
    refused = await stage.refuse(package, forged, what)
    stage.say(
        "Ký giả dưới chứng thư mượn của tỉnh: bị từ chối, có biên nhận từ chối",
        f"a signature forged under the province's certificate: refused, {refused.code}",
    )
    what = Turn(vi="gói tin sai quy cách", en="malformed package")
    refused = await stage.refuse(spoil(spoilt, at=now), spoilt, what)
    stage.say(
        f"Gói tin sai quy cách: bị từ chối, báo đủ {len(refused.reasons)} lỗi trong một lần",
        f"a malformed package: refused, {counted(len(refused.reasons), 'fault')} told at once",
    )
    await asyncio.gather(*(clerk.look() for clerk in stage.world.desks()))
    strangers = {forged.document_id, spoilt.document_id}
    if any(found.document_id in strangers for clerk in stage.world.desks() for found in clerk.documents):
        raise unlike("gói tin bị từ chối vẫn đến nơi", "a refused package has arrived")


async def look_into_a_console(stage: Stage) -> None:
    """The clerk of the province finds a document without typing an accent, and opens it."""
    node = stage.world.nodes[PROVINCE_PLAN.folder]
    account = node.account("vanthu")
    async with signed_in(node.url, account) as visitor:
        await visitor.open("/documents", q="bao cao tiem chung")
        found = visitor.links("/documents/")
        page = await visitor.open(found[0]) if found else ""
    title = re.search(r"<h1[^>]*>([^<]*tiêm chủng[^<]*)", page)
    if title is None:
        raise unlike("không tìm thấy báo cáo tiêm chủng", "the vaccination report was not found")
    stage.say(
        f"{account.who[0]} đăng nhập, gõ “bao cao tiem chung”: {len(found)} văn bản; mở “{title[1].strip()}”",
        "a clerk signs in, types without accents, finds the report and opens it",
    )


async def look_back(stage: Stage) -> None:
    """Every node's audit log is read from the outside, and every receipt in it verified."""
    logs = stage.logs = await check_logs(list(stage.world.nodes.values()))
    held = {read_receipt(sent.receipt).statement for clerk in stage.world.desks() for sent in clerk.outbox}
    kept = {receipt for log in logs for receipt in log.receipts}
    missing_count = len(held - kept)
    if missing_count:
        raise unlike(
            f"{missing_count} biên nhận không có trong nhật ký",
            f"not in a log: {counted(missing_count, 'receipt')}",
        )
    stage.say(
        f"{sum(log.entries_count for log in logs)} mục nhật ký của ba nút: khớp từng mục; "
        f"{sum(len(log.receipts) for log in logs)} biên nhận ký số: đúng cả",
        "every entry of the three logs fits its leaf, every signed receipt verifies",
    )


async def convince_a_stranger(stage: Stage) -> None:
    """The evidence about a document in one file, checked by the script in it, without any of this."""
    node = stage.world.nodes[MINISTRY_PLAN.folder]
    hub, code = stage.world.nodes[HUB_PLAN.folder], str(stage.letters.directive.code)
    bundle = await prove_to_a_stranger(node, code, hub=hub)
    stage.say(
        f"Hồ sơ bằng chứng {bundle.name} của văn bản {code}: tiến trình riêng, chỉ có"
        " verify.py và chứng thư gốc, kiểm tra thấy đúng",
        "its evidence in one file: a process with verify.py and the anchor alone finds that everything holds",
    )


SCENES = (
    Scene(
        vi="Văn bản mới, qua hai cổng và trục",
        en="A new document, through two gateways and the hub",
        play=send_new,
    ),
    Scene(vi="Nơi nhận trả lời", en="The recipients answer", play=answer_all),
    Scene(vi="Cập nhật", en="An update", play=update),
    Scene(vi="Cổng dùng chung", en="A shared gateway", play=share_a_gateway),
    Scene(vi="Thu hồi", en="A recall", play=recall),
    Scene(vi="Thay thế", en="A replacement", play=replace),
    Scene(vi="Trục ngừng một lúc rồi trở lại", en="The axis is away for a while", play=lose_the_axis),
    Scene(vi="Mất trả lời giữa đường", en="An answer is lost", play=lose_an_answer),
    Scene(vi="Giả mạo và sai quy cách", en="The forged and the malformed", play=refuse_the_forged),
    Scene(vi="Tra cứu trên trang quản trị", en="A search in the console", play=look_into_a_console),
    Scene(vi="Đối chiếu nhật ký", en="The logs are checked", play=look_back),
    Scene(vi="Bằng chứng cho người ngoài", en="Evidence for a stranger", play=convince_a_stranger),
)
