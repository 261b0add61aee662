"""The letters of the demo's story. Invented, like everybody in it; dated on the day they are sent."""

from dataclasses import dataclass, replace
from datetime import date

from gateway.model.code_lists import Priority
from gateway.sandbox.agencies import EDUCATION, FINANCE, HEALTH, MINISTRY, PROVINCE, Member
from gateway.sandbox.documents import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Every letter of the story, by the part it plays."""

    directive: Letter
    directive_corrected: Letter
    estimate: Letter
    report: Letter
    report_anew: Letter
    storm_warning: Letter
    funding: Letter
    invitation: Letter
    accounts: Letter
    forged: Letter
    spoilt: Letter
    unsent: Letter


def letters_of(day: date) -> Letters:
    """Write them all, dated on a day."""
    directive, report, short = _directive(day), _report(day), _short_letter(day)
    return Letters(
        directive=directive,
        directive_corrected=replace(
            directive,
            recipients=(PROVINCE, HEALTH),
            paragraphs=(directive.paragraphs[0].replace("30 tháng 6", "30 tháng 9"), directive.paragraphs[1]),
        ),
        estimate=_estimate(day),
        report=report,
        report_anew=replace(
            report,
            number=436,
            subject="Báo cáo kết quả tiêm chủng mở rộng (thay báo cáo số 412)",
            paragraphs=(report.paragraphs[0].replace("96,4%", "96,9%"), report.paragraphs[1]),
        ),
        storm_warning=_storm_warning(day),
        funding=short,
        invitation=_instead(short, HEALTH, FINANCE, 440, "KHTC", "Mời họp về kinh phí phòng, chống dịch"),
        accounts=_instead(short, FINANCE, MINISTRY, 623, "QLNS", "Quyết toán kinh phí chương trình mục tiêu"),
        forged=_instead(short, FINANCE, MINISTRY, 700, "QLNS", "Chuyển kinh phí vào tài khoản mới"),
        spoilt=replace(report, number=500, subject="Báo cáo nhanh"),
        unsent=_instead(short, HEALTH, MINISTRY, 451, "VP", "Phối hợp tổ chức hội thi tuyên truyền viên"),
    )


def _instead(
    letter: Letter, sender: Member, recipient: Member, number: int, section: str, subject: str
) -> Letter:
    """Write the same letter from somebody else to somebody else about something else."""
    return replace(
        letter, sender=sender, recipients=(recipient,), number=number, section=section, subject=subject
    )


def _directive(day: date) -> Letter:
    return Letter(
        sender=MINISTRY,
        recipients=(PROVINCE, HEALTH, EDUCATION),
        number=1207,
        section="CNTT",
        day=day,
        subject="Gửi, nhận văn bản điện tử qua trục liên thông",
        paragraphs=(
            "Để việc gửi, nhận văn bản điện tử giữa các cơ quan được thông suốt, Bộ Thử Nghiệm đề nghị "
            "các cơ quan kết nối phần mềm quản lý văn bản với trục liên thông trước ngày 30 tháng 6.",
            "Trong quá trình thực hiện, nếu có vướng mắc, đề nghị phản ánh về Bộ để được hướng dẫn./.",
        ),
    )


def _report(day: date) -> Letter:
    return Letter(
        sender=HEALTH,
        recipients=(MINISTRY,),
        number=412,
        section="NVY",
        day=day,
        subject="Báo cáo kết quả tiêm chủng mở rộng",
        paragraphs=(
            "Sở Y tế báo cáo: 96,4% trẻ dưới một tuổi được tiêm đủ mũi, tăng 1,2 điểm so với cùng kỳ.",
            "Sở Y tế trân trọng báo cáo./.",
        ),
        type_name="Báo cáo",
    )


def _estimate(day: date) -> Letter:
    return Letter(
        sender=EDUCATION,
        recipients=(FINANCE, MINISTRY),
        number=845,
        section="KHTC",
        day=day,
        subject="Thẩm định dự toán thiết bị trường học",
        paragraphs=(
            "Sở Giáo dục và Đào tạo đề nghị thẩm định dự toán mua sắm thiết bị cho các trường học trong "
            "tỉnh; số liệu chi tiết tại phụ lục kèm theo./.",
        ),
        annex_pages_count=8,
    )


def _storm_warning(day: date) -> Letter:
    return Letter(
        sender=PROVINCE,
        recipients=(MINISTRY,),
        number=19,
        section="VP",
        day=day,
        subject="Ứng phó khẩn cấp với bão số 5",
        paragraphs=(
            "Bão số 5 dự kiến đổ bộ trong 24 giờ tới. Ủy ban nhân dân tỉnh báo cáo phương án sơ tán và đề "
            "nghị Bộ hỗ trợ phương tiện cứu hộ./.",
        ),
        type_name="Công điện",
        priority=Priority.EXPRESS,
    )


def _short_letter(day: date) -> Letter:
    return Letter(
        sender=MINISTRY,
        recipients=(FINANCE,),
        number=1215,
        section="KHTC",
        day=day,
        subject="Phân bổ kinh phí hỗ trợ địa phương",
        paragraphs=("Đề nghị Quý cơ quan xem xét, phối hợp thực hiện theo thẩm quyền./.",),
    )
