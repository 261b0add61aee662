"""What an examination's findings mean and what to do about them, in both languages."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: an error is a broken promise, a remark something to know."""

    ERROR = "error"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a finding means and what to do, in Vietnamese and English."""

    vi: str
    en: str
    severity: Severity = Severity.ERROR


_DAMAGE = "Khôi phục từ bản sao lưu gần nhất.", "Restore the last backup."
_TAMPERED = (
    "Dữ liệu bị sửa ngoài chương trình: giữ nguyên tệp, báo người phụ trách kiểm toán.",
    "The data was changed from outside: keep the files as they are, tell the auditor.",
)
_OURS = (
    "Lỗi của chương trình: giữ bản sao và báo nhà phát triển.",
    "A fault of the program: keep a copy, report it.",
)


def _error(vi: str, en: str, advice: tuple[str, str]) -> Meaning:
    return Meaning(vi=f"{vi} {advice[0]}", en=f"{en} {advice[1]}")


def _remark(vi: str, en: str) -> Meaning:
    return Meaning(vi=vi, en=en, severity=Severity.REMARK)


# docs/operations.md has the same list; a test keeps the two equal.
MEANINGS: dict[str, Meaning] = {
    "database-damaged": _error("Cơ sở dữ liệu hỏng.", "The database is damaged.", _DAMAGE),
    "schema-unknown": _remark(
        "Lược đồ của phiên bản khác; chạy lienthong serve một lần để nâng cấp.",
        "The schema is another version's; run lienthong serve once to bring it up.",
    ),
    "reference-broken": _error(
        "Dòng trỏ tới dòng không có.", "A row points at one that is not there.", _DAMAGE
    ),
    "log-unguarded": _error(
        "Nhật ký mất khóa chống sửa.", "The log has lost its guard against change.", _TAMPERED
    ),
    "entry-missing": _error("Nhật ký thiếu mục.", "An entry of the log is missing.", _TAMPERED),
    "entry-mislabelled": _error("Cột khác lời xác nhận.", "Columns differ from the statement.", _TAMPERED),
    "leaf-wrong": _error("Lá Merkle không khớp.", "The leaf is not the entry's.", _TAMPERED),
    "receipt-wrong": _error("Chữ ký biên nhận sai.", "A receipt's signature is wrong.", _TAMPERED),
    "receipt-missing": _error("Thiếu biên nhận.", "A receipt is missing.", _TAMPERED),
    "receipt-of-another-seal": _remark(
        "Biên nhận ký bằng chứng thư không còn ở đây (con dấu đã thay); giữ chứng thư cũ để kiểm chứng.",
        "Receipts signed under a certificate that is not here any more; keep old ones to verify them.",
    ),
    "package-unrecorded": _error("Gói tin không có mục nhật ký.", "A package without its entry.", _TAMPERED),
    "own-word-unrecorded": _error(
        "Trạng thái tự gửi không có mục.", "An own word without its entry.", _TAMPERED
    ),
    "record-without-package": _error("Mục nhật ký mất gói tin.", "An entry without its package.", _TAMPERED),
    "package-differs": _error("Gói tin khác mục nhật ký.", "A package differs from its entry.", _TAMPERED),
    "end-unrecorded": _error(
        "Lượt chuyển kết thúc không có mục.", "A dispatch ended without an entry.", _OURS
    ),
    "record-without-end": _error(
        "Mục kết thúc mà lượt chuyển chưa.", "An end on record that was none.", _OURS
    ),
    "collection-unrecorded": _error("Lấy gói tin mà không có mục.", "A collection without its entry.", _OURS),
    "record-without-collection": _error("Mục lấy gói tin mà chưa lấy.", "A collection that was none.", _OURS),
    "answer-unrecorded": _error("Trả lời không có mục nhật ký.", "An answer without its entry.", _OURS),
    "recall-unrecorded": _error("Thu hồi không có mục nhật ký.", "A recall without its entry.", _OURS),
    "status-unfounded": _error("Trạng thái không do ai báo.", "A status that nobody reported.", _OURS),
    "dispatch-contradicts-itself": _error(
        "Lượt chuyển tự mâu thuẫn.", "A dispatch contradicts itself.", _OURS
    ),
    "stretch-wrong": _error(
        "Thời gian của một đoạn nhật ký ghi sai.", "The times of a stretch of the log are wrong.", _OURS
    ),
    "queue-miscounted": _error("Số đếm hàng chờ sai.", "A queue is miscounted.", _OURS),
    "agency-served-unknown": _error(
        "Phục vụ cơ quan không có.", "An agency served that is not known.", _OURS
    ),
    "erasure-unrecorded": _error(
        "Nội dung bị xóa không có mục nhật ký.", "Content erased without an entry.", _TAMPERED
    ),
    "record-without-erasure": _error(
        "Mục xóa nội dung mà chưa xóa.", "An erasure on record that was none.", _OURS
    ),
    "hold-ignored": _error("Xóa nội dung đang tạm giữ.", "Content erased that was under a hold.", _TAMPERED),
    "obligation-contradicts-steps": _error(
        "Việc phải làm không khớp các bước của nó.", "An obligation contradicts its steps.", _OURS
    ),
    "step-unrecorded": _error(
        "Bước của việc phải làm không có trong nhật ký.", "A step of an obligation has no entry.", _OURS
    ),
    "record-without-step": _error(
        "Nhật ký có bước mà việc phải làm không có.", "An entry tells a step that no obligation has.", _OURS
    ),
    "register-miscounted": _error("Số liệu sổ văn bản sai.", "The register is miscounted.", _OURS),
    "document-not-findable": _error(
        "Văn bản không tìm thấy được bằng tra cứu.", "No search finds a document.", _OURS
    ),
    "document-unregistered": _error(
        "Văn bản đi không có trong sổ.", "A document that was sent is not in the register.", _OURS
    ),
    "bytes-missing": _error("Mất nội dung gói tin.", "A package's bytes are missing.", _DAMAGE),
    "bytes-damaged": _error("Nội dung gói tin hỏng.", "A package's bytes are damaged.", _DAMAGE),
    "bytes-unused": _remark("Nội dung không thuộc gói tin nào.", "Bytes that belong to no package."),
    "shelf-unreachable": _error(
        "Không hỏi được nơi giữ gói tin lớn.",
        "Where large packages stand cannot be asked.",
        ("Sửa kết nối tới kho đối tượng rồi khám lại.", "Mend the way to the object store, examine again."),
    ),
    "file-astray": _remark(
        "Tệp hay đối tượng không thuộc gói tin nào; lienthong doctor --mend dọn được.",
        "Files or objects that belong to no package; lienthong doctor --mend removes them.",
    ),
    "spool-left": _remark(
        "Tệp tạm còn lại; lần chạy sau sẽ dọn.", "Leftovers in the spool; the next start clears them."
    ),
    "file-exposed": _remark(
        "Người khác trên máy đọc được tệp bí mật; chạy chmod 600.",
        "Others on this machine can read a secret file; chmod 600.",
    ),
    "secret-unopened": _error(
        "Khóa bí mật của hệ thống hay người dùng không mở được bằng secrets.key này.",
        "A secret of a system or person cannot be opened with this secrets.key.",
        (
            "Đặt lại đúng tệp; nếu đã mất, cấp khóa mới (lienthong system rotate).",
            "Put the right file back; if it is lost, give new ones (lienthong system rotate).",
        ),
    ),
    "seal-invalid-now": _error(
        "Con dấu số không còn hiệu lực.",
        "The seal's certificate is not valid now.",
        ("Thay con dấu (docs/operations.md).", "Replace it (docs/operations.md)."),
    ),
    "seal-ends-soon": _remark("Con dấu số sắp hết hạn.", "The seal's certificate ends within 30 days."),
    "calendar-missing": _remark(
        "Lịch làm việc năm sau chưa có hoặc còn dự kiến; nhập lịch khi có công bố.",
        "The next year's working calendar is missing or not announced; import it.",
    ),
    "clock-behind": _error(
        "Đồng hồ chậm hơn mục nhật ký cuối.",
        "The clock is behind the newest entry.",
        ("Chỉnh đồng hồ máy.", "Set the machine's clock."),
    ),
}
