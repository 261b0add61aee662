"""What agencies write to each other about in the months before the story, invented like everybody in it."""

from dataclasses import dataclass

from gateway.model.code_lists import Priority
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


@dataclass(frozen=True, slots=True)
class Topic:
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


STEERING = frozenset({MINISTRY, PROVINCE})
"""Whose requests with a day are tasks of those they go to."""

_ASKED = "Đề nghị Quý cơ quan triển khai và báo cáo kết quả đúng thời hạn./."
_KNOWN = "Trân trọng báo cáo./."
_URGENT, _VERY, _EXPRESS = Priority.URGENT, Priority.VERY_URGENT, Priority.EXPRESS
TOPICS = (
    Topic(
        HEALTH,
        (PROVINCE, MINISTRY),
        "Báo cáo",
        "Kết quả công tác tiêm chủng mở rộng tháng {month}",
        "Trong tháng {month}, 96,2% trẻ dưới một tuổi trên địa bàn được tiêm đủ mũi; không ghi "
        "nhận phản ứng nặng sau tiêm. " + _KNOWN,
        annex_pages_count=3,
    ),
    Topic(
        PROVINCE,
        (HEALTH, EDUCATION, FINANCE, COMMUNE, HOME_AFFAIRS),
        "Kế hoạch",
        "Triển khai Đề án 06 trên địa bàn tỉnh",
        "Ủy ban nhân dân tỉnh ban hành kế hoạch triển khai Đề án 06, giao các sở và Ủy ban "
        "nhân dân cấp xã thực hiện. " + _ASKED,
        15,
        annex_pages_count=2,
    ),
    Topic(
        MINISTRY,
        (PROVINCE,),
        "Công văn",
        "Rà soát, đơn giản hóa thủ tục hành chính năm 2026",
        "Bộ Thử Nghiệm đề nghị rà soát thủ tục hành chính thuộc thẩm quyền. " + _ASKED,
        20,
    ),
    Topic(
        FINANCE,
        (PROVINCE,),
        "Tờ trình",
        "Phương án phân bổ dự toán chi thường xuyên",
        "Sở Tài chính trình Ủy ban nhân dân tỉnh xem xét, phê duyệt phương án phân bổ dự toán./.",
        10,
        _URGENT,
        4,
    ),
    Topic(
        EDUCATION,
        (PROVINCE, HEALTH),
        "Báo cáo",
        "Tình hình dạy và học tháng {month}",
        "Sở Giáo dục và Đào tạo báo cáo tình hình dạy và học, y tế trường học tháng {month}. " + _KNOWN,
    ),
    Topic(
        HEALTH,
        (COMMUNE,),
        "Hướng dẫn",
        "Phòng, chống sốt xuất huyết tại cộng đồng",
        "Sở Y tế hướng dẫn diệt lăng quăng, phun hóa chất và giám sát ca bệnh. " + _ASKED,
        10,
        _URGENT,
    ),
    Topic(
        PROVINCE,
        (HEALTH, EDUCATION, COMMUNE),
        "Thông báo",
        "Kết luận phiên họp thường kỳ tháng {month}",
        "Thông báo kết luận của lãnh đạo Ủy ban nhân dân tỉnh tại phiên họp thường kỳ. " + _ASKED,
        7,
    ),
    Topic(
        MINISTRY,
        (PROVINCE, EDUCATION),
        "Công văn",
        "Góp ý dự thảo nghị định về định danh điện tử",
        "Bộ Thử Nghiệm gửi dự thảo nghị định để lấy ý kiến. " + _ASKED,
        14,
        annex_pages_count=6,
    ),
    Topic(
        PROVINCE,
        (FINANCE,),
        "Quyết định",
        "Giao chỉ tiêu thu ngân sách nhà nước quý IV",
        "Giao chỉ tiêu thu ngân sách nhà nước cho các đơn vị theo phụ lục kèm theo./.",
        annex_pages_count=2,
    ),
    Topic(
        FINANCE,
        (MINISTRY, PROVINCE),
        "Báo cáo",
        "Tình hình thu, chi ngân sách tháng {month}",
        "Tổng thu ngân sách trên địa bàn đạt 84,6% dự toán. " + _KNOWN,
        annex_pages_count=2,
    ),
    Topic(
        EDUCATION,
        (COMMUNE,),
        "Công văn",
        "Rà soát trẻ trong độ tuổi vào lớp một",
        "Đề nghị Ủy ban nhân dân xã rà soát, lập danh sách trẻ trong độ tuổi. " + _ASKED,
        12,
    ),
    Topic(
        PROVINCE,
        (HEALTH, COMMUNE, EDUCATION),
        "Công điện",
        "Chủ động ứng phó mưa lũ, sạt lở đất",
        "Dự báo mưa lớn trong 48 giờ tới; yêu cầu các đơn vị trực ban 24/24 giờ, sẵn sàng sơ tán dân./.",
        2,
        _EXPRESS,
    ),
    Topic(
        HEALTH,
        (FINANCE,),
        "Công văn",
        "Thẩm định giá gói thầu mua vắc-xin dịch vụ",
        "Sở Y tế đề nghị thẩm định giá gói thầu mua vắc-xin. " + _ASKED,
        10,
    ),
    Topic(
        MINISTRY,
        (PROVINCE, HEALTH, FINANCE),
        "Giấy mời",
        "Dự hội nghị trực tuyến sơ kết chuyển đổi số",
        "Kính mời dự hội nghị trực tuyến sơ kết công tác chuyển đổi số./.",
        3,
        _URGENT,
    ),
    Topic(
        PROVINCE,
        (HOME_AFFAIRS, FINANCE),
        "Công văn",
        "Tinh giản biên chế, cơ cấu lại đội ngũ",
        "Giao Sở Nội vụ chủ trì, phối hợp Sở Tài chính tham mưu phương án. " + _ASKED,
        15,
    ),
    Topic(
        HEALTH,
        (PROVINCE,),
        "Tờ trình",
        "Phê duyệt đề án bệnh án điện tử",
        "Sở Y tế trình phê duyệt đề án triển khai bệnh án điện tử tại các cơ sở khám, chữa bệnh./.",
        15,
        annex_pages_count=5,
    ),
    Topic(
        FINANCE,
        (HEALTH, EDUCATION, COMMUNE),
        "Hướng dẫn",
        "Lập dự toán ngân sách năm 2027",
        "Sở Tài chính hướng dẫn lập dự toán ngân sách năm 2027. " + _ASKED,
        20,
        annex_pages_count=3,
    ),
    Topic(
        PROVINCE,
        (MINISTRY,),
        "Báo cáo",
        "Kết quả thực hiện cải cách hành chính quý III",
        "Ủy ban nhân dân tỉnh báo cáo kết quả cải cách hành chính; tỷ lệ hồ sơ trực tuyến đạt "
        "71,5%. " + _KNOWN,
    ),
    Topic(
        HEALTH,
        (MINISTRY, PROVINCE),
        "Báo cáo",
        "Tình hình dịch bệnh truyền nhiễm tuần qua",
        "Trong tuần ghi nhận 42 ca sốt xuất huyết, giảm 8 ca so với tuần trước. " + _KNOWN,
        0,
        _VERY,
    ),
    Topic(
        EDUCATION,
        (FINANCE,),
        "Công văn",
        "Kinh phí sửa chữa trường học sau bão",
        "Đề nghị Sở Tài chính thẩm định kinh phí sửa chữa trường học. " + _ASKED,
        7,
        _URGENT,
        2,
    ),
    Topic(
        PROVINCE,
        (COMMUNE, HEALTH),
        "Chỉ thị",
        "Tăng cường bảo đảm an toàn thực phẩm",
        "Yêu cầu tăng cường kiểm tra, xử lý vi phạm về an toàn thực phẩm. " + _ASKED,
        10,
    ),
    Topic(
        MINISTRY,
        (FINANCE, PROVINCE),
        "Quyết định",
        "Phê duyệt danh mục dự án khởi công mới",
        "Phê duyệt danh mục dự án khởi công mới theo phụ lục kèm theo./.",
        annex_pages_count=3,
    ),
    Topic(
        EDUCATION,
        (HEALTH, COMMUNE),
        "Kế hoạch",
        "Tiêm vắc-xin sởi bổ sung trong trường học",
        "Sở Giáo dục và Đào tạo phối hợp tổ chức tiêm vắc-xin sởi bổ sung cho học sinh. " + _ASKED,
        14,
    ),
    Topic(
        PROVINCE,
        (HOME_AFFAIRS, HEALTH, EDUCATION, FINANCE),
        "Giấy mời",
        "Họp đánh giá chỉ số cải cách hành chính",
        "Kính mời dự họp tại phòng họp số 2, trụ sở Ủy ban nhân dân tỉnh./.",
        3,
    ),
    Topic(
        HEALTH,
        (EDUCATION, COMMUNE),
        "Thông báo",
        "Lịch khám sức khỏe học sinh năm học mới",
        "Thông báo lịch khám sức khỏe học sinh tại các trường trên địa bàn./.",
    ),
    Topic(
        PROVINCE,
        (COMMUNE, FINANCE),
        "Công văn",
        "Giải ngân vốn chương trình mục tiêu quốc gia",
        "Yêu cầu đẩy nhanh tiến độ giải ngân vốn chương trình mục tiêu. " + _ASKED,
        8,
        _VERY,
    ),
    Topic(
        MINISTRY,
        (HEALTH, PROVINCE),
        "Công văn",
        "Cung cấp số liệu tiêm chủng phục vụ thanh tra",
        "Đề nghị cung cấp số liệu tiêm chủng giai đoạn 2024–2026. " + _ASKED,
        7,
        _URGENT,
    ),
    Topic(
        PROVINCE,
        (HEALTH,),
        "Phiếu gửi",
        "Hồ sơ cấp giấy phép hoạt động phòng khám đa khoa",
        "Trung tâm Phục vụ hành chính công chuyển hồ sơ để giải quyết theo thẩm quyền./.",
        6,
        application="MCDT_DT",
    ),
    Topic(
        PROVINCE,
        (FINANCE,),
        "Phiếu gửi",
        "Hồ sơ đăng ký giá dịch vụ giáo dục",
        "Trung tâm Phục vụ hành chính công chuyển hồ sơ để giải quyết theo thẩm quyền./.",
        2,
        application="MCDT_DT",
    ),
    Topic(
        PROVINCE,
        (EDUCATION,),
        "Phiếu chuyển",
        "Đơn kiến nghị của công dân về thu, chi đầu năm học",
        "Ban Tiếp công dân chuyển đơn để xem xét, giải quyết và trả lời công dân./.",
        10,
        application="DON_THU",
    ),
)
