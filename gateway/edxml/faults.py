"""The room's rules with their words, in Vietnamese and English.

A rule's code is stable: integrators and the numbered cases of the tests rely on it. The words say what
was expected and what was found, and never quote a document.
"""

from dataclasses import dataclass, field

from gateway.errors import Fault, Refusal

_MOST = 100

# rule: (Vietnamese, English). {placeholders} take numbers and the standard's own names only.
RULES: dict[str, tuple[str, str]] = {
    # The file is not XML we are willing to read.
    "not-well-formed": (
        "tệp không phải XML đúng cú pháp: lỗi ở dòng {line}, byte {at}",
        "the file is not well-formed XML: error at line {line}, byte {at}",
    ),
    "cut-short": (
        "tệp bị cắt cụt: hết dữ liệu ở byte {at} khi phần tử gốc chưa đóng",
        "the file is cut short: it ends at byte {at} before the root element is closed",
    ),
    "encoding": ("tệp phải mã hóa UTF-8", "the file must be encoded in UTF-8"),
    "xml-version": ("tệp phải là XML 1.0", "the file must be XML 1.0"),
    "doctype": ("không được khai báo DOCTYPE", "a DOCTYPE declaration is not allowed"),
    "entity": (
        "không được dùng thực thể ngoài năm thực thể sẵn có của XML (byte {at})",
        "an entity other than XML's own five is not allowed (byte {at})",
    ),
    "instruction": (
        "không được có chỉ thị xử lý (processing instruction)",
        "processing instructions are not allowed",
    ),
    "trailing-bytes": (
        "chỉ được có khoảng trắng sau phần tử gốc (byte {at})",
        "only white space may follow the root element (byte {at})",
    ),
    "too-deep": ("phần tử lồng nhau quá {limit} tầng", "elements are nested more than {limit} deep"),
    "too-many-marks": (
        "có hơn {limit} dấu < và =, tức quá nhiều phần tử hoặc thuộc tính",
        "there are more than {limit} signs < and =, that is too many elements or attributes",
    ),
    "token-too-long": (
        "một thẻ hoặc chú thích dài hơn {limit} byte",
        "a tag or comment is longer than {limit} bytes",
    ),
    "header-too-large": (
        "phần không phải tệp đính kèm lớn hơn {limit} byte",
        "the part outside the attachments is larger than {limit} bytes",
    ),
    "names-excessive": (
        "gói tin có quá nhiều hoặc quá dài tên phần tử, thuộc tính, không gian tên",
        "the package has too many or too long names of elements, attributes or namespaces",
    ),
    "too-many-attachments": ("có hơn {limit} tệp đính kèm", "there are more than {limit} attachments"),
    "payload-markup": (
        "ContentTransferEncoded chỉ được chứa văn bản base64",
        "ContentTransferEncoded must contain base64 text only",
    ),
    # The file is XML, but not a package of this standard.
    "not-edxml": ("phần tử gốc không phải edXML", "the root element is not edXML"),
    "unsupported-dialect": (
        "gói tin theo khuôn dạng cũ (SOAP hoặc go.vn/eDoc) không được hỗ trợ",
        "the package is in an old dialect (SOAP or go.vn/eDoc) that is not supported",
    ),
    "repeated-part": (
        "phần tử chỉ được xuất hiện một lần, gặp {count} lần",
        "the element must appear once, found {count} times",
    ),
    "header-missing": ("thiếu phần đầu gói tin", "the package's header is missing"),
    "kind-unknown": (
        "không xác định được loại thông điệp: không có StatusCode, Subject hay To",
        "neither document nor status: there is no StatusCode, Subject or To",
    ),
    "value-too-long": (
        "giá trị dài hơn {limit} ký tự",
        "the value is longer than {limit} characters",
    ),
    "too-many-tasks": (
        "có hơn {limit} mã nhiệm vụ cho bấy nhiêu nơi nhận",
        "there are more than {limit} task codes for so many recipients",
    ),
    # A document cannot be understood.
    "sender-missing": ("thiếu mã cơ quan gửi", "the sender's agency code is missing"),
    "recipient-missing": ("thiếu mã cơ quan nhận", "no recipient has an agency code"),
    "code-missing": ("thiếu cả số và ký hiệu văn bản", "both number and notation are missing"),
    "date-missing": ("thiếu ngày ban hành", "the promulgation date is missing"),
    "date-unreadable": (
        "ngày không đúng lịch hoặc không đúng dạng yyyy/MM/dd",
        "the date is not in the calendar or not of the form yyyy/MM/dd",
    ),
    "date-in-future": (
        "ngày ban hành ở tương lai so với hôm nay {today}",
        "the promulgation date is later than today, {today}",
    ),
    "subject-missing": ("thiếu trích yếu", "the subject is missing"),
    "business-unknown": (
        "loại nghiệp vụ phải là 0, 1, 2 hoặc 3",
        "the business type must be 0, 1, 2 or 3",
    ),
    "attachment-missing": (
        "danh mục nêu tệp thứ {number} nhưng gói tin không có nội dung của nó",
        "the manifest lists file number {number} but the package does not carry it",
    ),
    "payload-unreadable": (
        "nội dung tệp thứ {number} không phải base64 hợp lệ",
        "the content of file number {number} is not valid base64",
    ),
    "base64": ("nội dung không phải base64 hợp lệ", "the content is not valid base64"),
    # A status cannot be understood.
    "status-missing": ("thiếu mã trạng thái", "the status code is missing"),
    "status-not-numeric": (
        "mã trạng thái phải gồm một hoặc hai chữ số",
        "the status code must be one or two digits",
    ),
    "reply-missing": (
        "thiếu văn bản được báo trạng thái (ResponseFor)",
        "the document spoken of (ResponseFor) is missing",
    ),
    "reply-empty": (
        "ResponseFor phải có DocumentId hoặc Code",
        "ResponseFor must have a DocumentId or a Code",
    ),
    # Oddities: read all the same, and told.
    "no-namespace": ("phần tử không có không gian tên", "elements have no namespace"),
    "foreign-namespace": (
        "phần tử thuộc không gian tên lạ được bỏ qua",
        "an element of a foreign namespace was passed over",
    ),
    "root-spelling": ("tên phần tử gốc khác chuẩn", "the root element's name differs from the standard"),
    "header-spelling": (
        "phần đầu thông điệp phải tên là MessageHeader",
        "the message's header should be called MessageHeader",
    ),
    "business-spelling": ("Business thay vì Bussiness", "Business instead of Bussiness"),
    "name-in-email": (
        "tên cơ quan nằm trong Email thay vì OrganName",
        "the agency's name stands in Email instead of OrganName",
    ),
    "agency-code-form": (
        "mã cơ quan không theo dạng đã biết",
        "the agency code has none of the known forms",
    ),
    "agency-code-unusable": (
        "mã cơ quan chỉ gồm chữ, số, dấu chấm, gạch nối và dài không quá {limit} ký tự",
        "an agency code has letters, digits, points and hyphens only, at most {limit} of them",
    ),
    "recipient-without-code": ("một nơi nhận không có mã cơ quan", "a recipient has no agency code"),
    "recipient-repeated": ("nơi nhận trùng lặp được gộp lại", "a repeated recipient was collapsed"),
    "code-incomplete": ("thiếu số hoặc ký hiệu văn bản", "number or notation is missing"),
    "code-invented": (
        "số văn bản do máy đặt theo thời điểm gửi",
        "the number was invented by a machine from the time of sending",
    ),
    "document-id-missing": (
        "thiếu DocumentId, đã dựng từ cơ quan, ngày, số và ký hiệu",
        "DocumentId is missing and was made from agency, date, number and notation",
    ),
    "document-id-form": (
        "DocumentId khác dạng {{OrganId}},{{yyyy/MM/dd}},{{số}}/{{ký hiệu}}",
        "DocumentId is not of the form {{OrganId}},{{yyyy/MM/dd}},{{number}}/{{notation}}",
    ),
    "date-form": ("ngày không theo dạng yyyy/MM/dd", "the date is not of the form yyyy/MM/dd"),
    "instant-form": (
        "thời điểm không theo dạng yyyy/MM/dd HH:mm:ss",
        "the instant is not of the form yyyy/MM/dd HH:mm:ss",
    ),
    "instant-unreadable": ("không đọc được thời điểm", "the instant cannot be read"),
    "number-unreadable": ("giá trị phải là số nguyên không âm", "the value must be a whole number"),
    "priority-unknown": ("độ khẩn ngoài 0–4, coi là thường", "priority outside 0–4, taken as normal"),
    "business-missing": ("không có nghiệp vụ, coi là văn bản mới", "no business type, taken as new"),
    "update-undeclared": (
        "cập nhật không nói thay đổi gì, coi là thay đổi nội dung",
        "the update does not say what changed, taken as a change of content",
    ),
    "replacement-unlisted": (
        "thay thế nhưng không nêu văn bản bị thay thế",
        "a replacement that does not list what it replaces",
    ),
    "trace-not-sender": (
        "vết xử lý không có cơ quan gửi",
        "no trace header names the sender",
    ),
    "content-id-unmatched": (
        "tệp được ghép với danh mục theo tên hoặc thứ tự vì ContentId không khớp",
        "a file was matched to the manifest by name or place because no ContentId matches",
    ),
    "attachment-unlisted": (
        "gói tin có tệp không nằm trong danh mục",
        "the package carries a file that the manifest does not list",
    ),
    "payload-stray": (
        "có ContentTransferEncoded nằm ngoài Attachment, được bỏ qua",
        "a ContentTransferEncoded that belongs to no Attachment was passed over",
    ),
    "attachment-type-differs": (
        "ContentType trong danh mục khác ContentType của tệp",
        "ContentType in the manifest differs from the attachment's",
    ),
    "no-attachments": ("văn bản không có tệp nào", "the document carries no file"),
    "attachments-ignored": (
        "thông điệp trạng thái không mang tệp, các tệp được bỏ qua",
        "a status carries no files; those found were passed over",
    ),
    "status-unpadded": ("mã trạng thái phải đủ hai chữ số", "the status code should have two digits"),
    "status-unknown": ("mã trạng thái không có trong danh mục", "the status code is in no list"),
    "reply-swapped": (
        "OrganId và Code trong ResponseFor bị đảo, đã hoán lại",
        "OrganId and Code in ResponseFor were swapped and have been put right",
    ),
    "reason-missing": ("từ chối phải kèm lý do", "a refusal should come with its reason"),
    # Attachments, when they are opened.
    "zip-unsafe": (
        "tệp nén có tỷ lệ, số mục hoặc kích thước vượt giới hạn",
        "the zip's ratio, number of entries or size is beyond the limits",
    ),
    "zip-unreadable": ("không giải nén được tệp", "the zip cannot be unpacked"),
    # Writing.
    "envelope-incomplete": ("thiếu giá trị bắt buộc", "a required value is missing"),
    "recall-not-of-target": (
        "văn bản thu hồi phải mang DocumentId của chính văn bản bị thu hồi",
        "a recall must bear the DocumentId of the document it recalls",
    ),
    "agency-code-invalid": ("mã cơ quan sai dạng", "the agency code is malformed"),
    "content-not-xml": (
        "giá trị có ký tự không được phép trong XML",
        "the value has characters that XML does not allow",
    ),
    "schema": ("không đúng lược đồ: dòng {line}", "not valid against the schema: line {line}"),
}


def make_fault(rule: str, where: str = "", **found: object) -> Fault:
    """Make the fault of a broken rule, with its words."""
    vi, en = RULES[rule]
    return Fault(rule=rule, where=where, vi=vi.format_map(found), en=en.format_map(found))


def refusal(rule: str, where: str = "", **found: object) -> Refusal:
    """Make the refusal for a single broken rule; its code is the rule's."""
    return Refusal(rule, [make_fault(rule, where, **found)])


@dataclass(slots=True)
class Findings:
    """Everything a reader notices on its way: faults stop the package, warnings travel with it.

    Shape: at most 100 of each; a hostile package could make very many.
    """

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def fault(self, rule: str, where: str = "", **found: object) -> None:
        """Note a broken rule that stops the package."""
        if len(self.faults) < _MOST:
            self.faults.append(make_fault(rule, where, **found))

    def warn(self, rule: str, where: str = "", **found: object) -> None:
        """Note an oddity that was read all the same."""
        if len(self.warnings) < _MOST:
            self.warnings.append(make_fault(rule, where, **found))
