"""What was written before the demo's story begins: two months of letters, invented like everybody in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.model.code_lists import Priority, StatusCode
from gateway.sandbox.agencies import (
    COMMUNE,
    EDUCATION,
    FINANCE,
    HEALTH,
    HOME_AFFAIRS,
    MINISTRY,
    PROVINCE,
    Member,
)
from gateway.sandbox.documents import Letter

DAYS_COUNT = 60
# For so long nobody has seen anything of the home affairs department's DMS.
_BROKEN_DAYS = 6
_SECTIONS = {MINISTRY: "VP", PROVINCE: "VP", HEALTH: "NVY", EDUCATION: "KHTC", FINANCE: "QLNS"}
_FIRST_NUMBERS = {MINISTRY: 1010, PROVINCE: 2310, HEALTH: 318, EDUCATION: 760, FINANCE: 540}
REASONS = (
    "Không thuộc thẩm quyền giải quyết của cơ quan; đề nghị gửi cơ quan chủ trì.",
    "Văn bản thiếu phụ lục kèm theo; đề nghị gửi lại đầy đủ.",
    "Gửi nhầm cơ quan nhận.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLetter:
    """A letter sent some time ago; last_word is its recipients' newest, None when they said nothing."""

    letter: Letter
    last_word: StatusCode | None


@dataclass(frozen=True, slots=True)
class _Topic:
    """What somebody writes to some others about, again and again.

    Shape: {month} in a text is the month before. answer_days is the time to answer, 0 when there is none;
    application is the ``ApplicationType`` of what is no ordinary document.
    """

    sender: Member
    recipients: tuple[Member, ...]
    type_name: str
    subject: str
    text: str
    answer_days: int = 0
    priority: Priority = Priority.NORMAL
    annex_pages_count: int = 0
    application: str | None = None


_STEERING = frozenset({MINISTRY, PROVINCE})
_ASKED = "Đề nghị Quý cơ quan triển khai và báo cáo kết quả đúng thời hạn./."
_KNOWN = "Trân trọng báo cáo./."
_URGENT, _VERY, _EXPRESS = Priority.URGENT, Priority.VERY_URGENT, Priority.EXPRESS
_TOPICS = (
    _Topic(
        HEALTH,
        (PROVINCE, MINISTRY),
        "Báo cáo",
        "Kết quả công tác tiêm chủng mở rộng tháng {month}",
        "Trong tháng {month}, 96,2% trẻ dưới một tuổi trên địa bàn được tiêm đủ mũi; không ghi "
        "nhận phản ứng nặng sau tiêm. " + _KNOWN,
        annex_pages_count=3,
    ),
    _Topic(
        PROVINCE,
        (HEALTH, EDUCATION, FINANCE, COMMUNE, HOME_AFFAIRS),
        "Kế hoạch",
        "Triển khai Đề án 06 trên địa bàn tỉnh",
        "Ủy ban nhân dân tỉnh ban hành kế hoạch triển khai Đề án 06, giao các sở và Ủy ban "
        "nhân dân cấp xã thực hiện. " + _ASKED,
        15,
        annex_pages_count=2,
    ),
    _Topic(
        MINISTRY,
        (PROVINCE,),
        "Công văn",
        "Rà soát, đơn giản hóa thủ tục hành chính năm 2026",
        "Bộ Thử Nghiệm đề nghị rà soát thủ tục hành chính thuộc thẩm quyền. " + _ASKED,
        20,
    ),
    _Topic(
        FINANCE,
        (PROVINCE,),
        "Tờ trình",
        "Phương án phân bổ dự toán chi thường xuyên",
        "Sở Tài chính trình Ủy ban nhân dân tỉnh xem xét, phê duyệt phương án phân bổ dự toán./.",
        10,
        _URGENT,
        4,
    ),
    _Topic(
        EDUCATION,
        (PROVINCE, HEALTH),
        "Báo cáo",
        "Tình hình dạy và học tháng {month}",
        "Sở Giáo dục và Đào tạo báo cáo tình hình dạy và học, y tế trường học tháng {month}. " + _KNOWN,
    ),
    _Topic(
        HEALTH,
        (COMMUNE,),
        "Hướng dẫn",
        "Phòng, chống sốt xuất huyết tại cộng đồng",
        "Sở Y tế hướng dẫn diệt lăng quăng, phun hóa chất và giám sát ca bệnh. " + _ASKED,
        10,
        _URGENT,
    ),
    _Topic(
        PROVINCE,
        (HEALTH, EDUCATION, COMMUNE),
        "Thông báo",
        "Kết luận phiên họp thường kỳ tháng {month}",
        "Thông báo kết luận của lãnh đạo Ủy ban nhân dân tỉnh tại phiên họp thường kỳ. " + _ASKED,
        7,
    ),
    _Topic(
        MINISTRY,
        (PROVINCE, EDUCATION),
        "Công văn",
        "Góp ý dự thảo nghị định về định danh điện tử",
        "Bộ Thử Nghiệm gửi dự thảo nghị định để lấy ý kiến. " + _ASKED,
        14,
        annex_pages_count=6,
    ),
    _Topic(
        PROVINCE,
        (FINANCE,),
        "Quyết định",
        "Giao chỉ tiêu thu ngân sách nhà nước quý IV",
        "Giao chỉ tiêu thu ngân sách nhà nước cho các đơn vị theo phụ lục kèm theo./.",
        annex_pages_count=2,
    ),
    _Topic(
        FINANCE,
        (MINISTRY, PROVINCE),
        "Báo cáo",
        "Tình hình thu, chi ngân sách tháng {month}",
        "Tổng thu ngân sách trên địa bàn đạt 84,6% dự toán. " + _KNOWN,
        annex_pages_count=2,
    ),
    _Topic(
        EDUCATION,
        (COMMUNE,),
        "Công văn",
        "Rà soát trẻ trong độ tuổi vào lớp một",
        "Đề nghị Ủy ban nhân dân xã rà soát, lập danh sách trẻ trong độ tuổi. " + _ASKED,
        12,
    ),
    _Topic(
        PROVINCE,
        (HEALTH, COMMUNE, EDUCATION),
        "Công điện",
        "Chủ động ứng phó mưa lũ, sạt lở đất",
        "Dự báo mưa lớn trong 48 giờ tới; yêu cầu các đơn vị trực ban 24/24 giờ, sẵn sàng sơ tán dân./.",
        2,
        _EXPRESS,
    ),
    _Topic(
        HEALTH,
        (FINANCE,),
        "Công văn",
        "Thẩm định giá gói thầu mua vắc-xin dịch vụ",
        "Sở Y tế đề nghị thẩm định giá gói thầu mua vắc-xin. " + _ASKED,
        10,
    ),
    _Topic(
        MINISTRY,
        (PROVINCE, HEALTH, FINANCE),
        "Giấy mời",
        "Dự hội nghị trực tuyến sơ kết chuyển đổi số",
        "Kính mời dự hội nghị trực tuyến sơ kết công tác chuyển đổi số./.",
        3,
        _URGENT,
    ),
    _Topic(
        PROVINCE,
        (HOME_AFFAIRS, FINANCE),
        "Công văn",
        "Tinh giản biên chế, cơ cấu lại đội ngũ",
        "Giao Sở Nội vụ chủ trì, phối hợp Sở Tài chính tham mưu phương án. " + _ASKED,
        15,
    ),
    _Topic(
        HEALTH,
        (PROVINCE,),
        "Tờ trình",
        "Phê duyệt đề án bệnh án điện tử",
        "Sở Y tế trình phê duyệt đề án triển khai bệnh án điện tử tại các cơ sở khám, chữa bệnh./.",
        15,
        annex_pages_count=5,
    ),
    _Topic(
        FINANCE,
        (HEALTH, EDUCATION, COMMUNE),
        "Hướng dẫn",
        "Lập dự toán ngân sách năm 2027",
        "Sở Tài chính hướng dẫn lập dự toán ngân sách năm 2027. " + _ASKED,
        20,
        annex_pages_count=3,
    ),
    _Topic(
        PROVINCE,
        (MINISTRY,),
        "Báo cáo",
        "Kết quả thực hiện cải cách hành chính quý III",
        "Ủy ban nhân dân tỉnh báo cáo kết quả cải cách hành chính; tỷ lệ hồ sơ trực tuyến đạt "
        "71,5%. " + _KNOWN,
    ),
    _Topic(
        HEALTH,
        (MINISTRY, PROVINCE),
        "Báo cáo",
        "Tình hình dịch bệnh truyền nhiễm tuần qua",
        "Trong tuần ghi nhận 42 ca sốt xuất huyết, giảm 8 ca so với tuần trước. " + _KNOWN,
        0,
        _VERY,
    ),
    _Topic(
        EDUCATION,
        (FINANCE,),
        "Công văn",
        "Kinh phí sửa chữa trường học sau bão",
        "Đề nghị Sở Tài chính thẩm định kinh phí sửa chữa trường học. " + _ASKED,
        7,
        _URGENT,
        2,
    ),
    _Topic(
        PROVINCE,
        (COMMUNE, HEALTH),
        "Chỉ thị",
        "Tăng cường bảo đảm an toàn thực phẩm",
        "Yêu cầu tăng cường kiểm tra, xử lý vi phạm về an toàn thực phẩm. " + _ASKED,
        10,
    ),
    _Topic(
        MINISTRY,
        (FINANCE, PROVINCE),
        "Quyết định",
        "Phê duyệt danh mục dự án khởi công mới",
        "Phê duyệt danh mục dự án khởi công mới theo phụ lục kèm theo./.",
        annex_pages_count=3,
    ),
    _Topic(
        EDUCATION,
        (HEALTH, COMMUNE),
        "Kế hoạch",
        "Tiêm vắc-xin sởi bổ sung trong trường học",
        "Sở Giáo dục và Đào tạo phối hợp tổ chức tiêm vắc-xin sởi bổ sung cho học sinh. " + _ASKED,
        14,
    ),
    _Topic(
        PROVINCE,
        (HOME_AFFAIRS, HEALTH, EDUCATION, FINANCE),
        "Giấy mời",
        "Họp đánh giá chỉ số cải cách hành chính",
        "Kính mời dự họp tại phòng họp số 2, trụ sở Ủy ban nhân dân tỉnh./.",
        3,
    ),
    _Topic(
        HEALTH,
        (EDUCATION, COMMUNE),
        "Thông báo",
        "Lịch khám sức khỏe học sinh năm học mới",
        "Thông báo lịch khám sức khỏe học sinh tại các trường trên địa bàn./.",
    ),
    _Topic(
        PROVINCE,
        (COMMUNE, FINANCE),
        "Công văn",
        "Giải ngân vốn chương trình mục tiêu quốc gia",
        "Yêu cầu đẩy nhanh tiến độ giải ngân vốn chương trình mục tiêu. " + _ASKED,
        8,
        _VERY,
    ),
    _Topic(
        MINISTRY,
        (HEALTH, PROVINCE),
        "Công văn",
        "Cung cấp số liệu tiêm chủng phục vụ thanh tra",
        "Đề nghị cung cấp số liệu tiêm chủng giai đoạn 2024–2026. " + _ASKED,
        7,
        _URGENT,
    ),
    _Topic(
        PROVINCE,
        (HEALTH,),
        "Phiếu gửi",
        "Hồ sơ cấp giấy phép hoạt động phòng khám đa khoa",
        "Trung tâm Phục vụ hành chính công chuyển hồ sơ để giải quyết theo thẩm quyền./.",
        6,
        application="MCDT_DT",
    ),
    _Topic(
        PROVINCE,
        (FINANCE,),
        "Phiếu gửi",
        "Hồ sơ đăng ký giá dịch vụ giáo dục",
        "Trung tâm Phục vụ hành chính công chuyển hồ sơ để giải quyết theo thẩm quyền./.",
        2,
        application="MCDT_DT",
    ),
    _Topic(
        PROVINCE,
        (EDUCATION,),
        "Phiếu chuyển",
        "Đơn kiến nghị của công dân về thu, chi đầu năm học",
        "Ban Tiếp công dân chuyển đơn để xem xét, giải quyết và trả lời công dân./.",
        10,
        application="DON_THU",
    ),
)


def old_letters(today: date, count: int, *, together: int) -> list[OldLetter]:
    """Write so many letters of the days before, the oldest first, some of each day together."""
    days = _working_days(today)
    numbers = defaultdict(int, _FIRST_NUMBERS)
    written = []
    for index in range(count):
        day = days[index // together * together * (len(days) - 1) // max(count - together, 1)]
        letter = _write(_TOPICS[index % len(_TOPICS)], numbers, day, today)
        written.append(OldLetter(letter=letter, last_word=_last_word(index, (today - day).days)))
    return written


def _working_days(today: date) -> list[date]:
    days = (today - timedelta(days=ago) for ago in range(DAYS_COUNT, 0, -1))
    return [day for day in days if day.weekday() < 5]


def _write(topic: _Topic, numbers: "defaultdict[Member, int]", day: date, today: date) -> Letter:
    numbers[topic.sender] += 3
    month = (day.replace(day=1) - timedelta(days=1)).strftime("%m/%Y")
    in_reach = [one for one in topic.recipients if one is not HOME_AFFAIRS or _is_recent(day, today)]
    due_on = day + timedelta(days=topic.answer_days) if topic.answer_days else None
    return Letter(
        sender=topic.sender,
        recipients=tuple(in_reach),
        number=numbers[topic.sender],
        section=_SECTIONS[topic.sender] if topic.type_name == "Công văn" else "",
        day=day,
        subject=topic.subject.format(month=month),
        paragraphs=(topic.text.format(month=month),),
        type_name=topic.type_name,
        priority=topic.priority,
        annex_pages_count=topic.annex_pages_count,
        # Something is due today: what was asked for in the last fortnight and has a few days left.
        due_on=today if due_on and today < due_on <= today + timedelta(days=3) else due_on,
        # What those above ask for by a day is a task; a dossier or petition is one by what it is.
        steering=1 if due_on and topic.sender in _STEERING and topic.application is None else None,
        application=topic.application,
    )


def _is_recent(day: date, today: date) -> bool:
    return (today - day).days <= _BROKEN_DAYS


def _last_word(index: int, age_days: int) -> StatusCode | None:
    if index % 9 == 4:
        return StatusCode.DECLINED
    words: Sequence[StatusCode | None]
    if age_days > 20:
        words = (StatusCode.COMPLETED,) * 10 + (StatusCode.PROCESSING,)
    elif age_days > 6:
        words = (StatusCode.COMPLETED, StatusCode.PROCESSING, StatusCode.ASSIGNED, StatusCode.RECEIVED)
    else:
        words = (StatusCode.RECEIVED, None, StatusCode.PROCESSING)
    return words[index % len(words)]
