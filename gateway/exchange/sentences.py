"""What is said of each kind of log entry, in Vietnamese and English.

What stands in braces is a field of narration.py, or else the fact of that name in the entry's statement;
``{count entry}`` is a count with what it counts, "1 entry" or "12 entries".
"""

from gateway.model.log import LogKind
from gateway.model.report import Words

SENTENCES: dict[LogKind, Words] = {
    LogKind.ACCEPTED: (
        "{what} của {sender} gửi {to}{from}{signature}{warnings}",
        "{what} of {sender} to {to}{from}{signature}{warnings}",
    ),
    LogKind.REFUSED: (
        "gói tin{of_sender}{from} không được nhận: {why}",
        "a package{of_sender}{from} was not taken: {why}",
    ),
    LogKind.REPEATED: (
        "{caller} gửi lại gói tin đã có; trả biên nhận cũ",
        "{caller} sent again what was here; it got its first receipt",
    ),
    LogKind.DEFERRED: (
        "lần thử {attempt} chưa chuyển được: {delay}",
        "attempt {attempt} did not succeed: {delay}",
    ),
    LogKind.DELIVERED: ("đã chuyển lên trục cho {to}{after}", "handed to the axis for {to}{after}"),
    LogKind.TURNED_AWAY: (
        "{caller} trả lại gói tin gửi {to}: {why}",
        "{caller} turned away what was for {to}: {why}",
    ),
    LogKind.EXPIRED: ("không chuyển được cho {to}: {why}", "it could not be delivered to {to}: {why}"),
    LogKind.COLLECTED: (
        "{caller} đã lấy gói tin gửi {to}",
        "{caller} collected what was for {to}",
    ),
    LogKind.CONFIRMED: (
        "{caller} xác nhận đã nhận gói tin gửi {to}",
        "{caller} confirmed that it has what was for {to}",
    ),
    LogKind.EVIDENCED: (
        "{caller} gửi biên nhận về gói tin gửi {to}; {verified}",
        "{caller} sent a receipt about what was for {to}; {verified}",
    ),
    LogKind.OVERDUE: (
        "chưa thấy “{expected}” của {to}, chờ từ {since}",
        "no “{expected}” of {to}, expected since {since}",
    ),
    LogKind.ANSWERED: ("{sender} báo: {status}", "{sender} says: {status}"),
    LogKind.UNMATCHED: (
        "{sender} báo: {status}; chưa thấy văn bản được nói tới",
        "{sender} says: {status}; the document it speaks of is not here",
    ),
    LogKind.AMENDED: ("bên gửi {amends} văn bản", "the sender {amends} the document"),
    LogKind.DISTRUSTED: (
        "gọi {operation} xưng là {claimed}: {distrusted}{from_address}",
        "a call of {operation}, claiming to be {claimed}: {distrusted}{from_address}",
    ),
    LogKind.ADMINISTERED: ("{by}: {deed}", "{by}: {deed}"),
    LogKind.SIGNED_IN: ("{user} từ {address}, {way}", "{user} from {address}, {way}"),
    LogKind.SIGNED_OUT: ("{user}", "{user}"),
    LogKind.CONTRADICTED: (
        "nhật ký {log} {verdict}: đã thấy {seen_size} mục, nay đưa ra {shown_size} mục không nối tiếp",
        "log {log}, {verdict}: {seen_size entry} seen before; what it shows now, {shown_size}, cannot follow",
    ),
    LogKind.ERASED: (
        "{carried} của {sender}, {bytes}, hết {kept_days} ngày lưu (quy tắc {rule}); còn băm và nhật ký",
        "the {carried} of {sender}, {bytes}, after {kept_days day} (rule {rule}); hash and log remain",
    ),
    LogKind.OBLIGED: (
        "{agency}: {moves} {owes} {reference}{due}{moved_because}",
        "{agency}: {moves} {owes} {reference}{due}{moved_because}",
    ),
    LogKind.REMINDED: (
        "nhắc {agency}: {reminded_of}, {by_ways}",
        "reminded {agency} of {reminded_of}, {by_ways}",
    ),
}

# What was done to the node and by its operators; the details are named in docs/log-events.md.
ACTS: dict[str, Words] = {
    "agency-written": ("ghi cơ quan {its_code} {name}", "wrote agency {its_code} {name}"),
    "agency-closed": ("đóng cơ quan {agency}", "closed {agency}"),
    "agency-merged": ("sáp nhập {agency} vào {successor}", "merged {agency} into {successor}"),
    "agency-served": ("giao {agency} cho hệ thống {system} phục vụ", "let system {system} serve {agency}"),
    "agency-registered": ("đăng ký cơ quan {its_code} {name}", "registered agency {its_code} {name}"),
    "agency-enrolled": ("đăng ký {agency} với trục", "registered {agency} with the axis"),
    "agency-withdrawn": ("xóa {agency} khỏi trục", "deleted {agency} from the axis"),
    "system-connected": (
        "kết nối hệ thống {system} ({kind}), phục vụ {serves}",
        "connected system {system} ({kind}), serving {serves}",
    ),
    "secret-rotated": ("đổi khóa bí mật của hệ thống {system}", "changed the secret of system {system}"),
    "policy-changed": (
        "mức xét chữ ký của hệ thống {system}: {policy}",
        "policy on signatures of system {system}: {policy}",
    ),
    "system-disabled": ("ngắt hệ thống {system}", "disabled system {system}"),
    "directory-renewed": ("cập nhật {count} cơ quan từ trục", "renewed {count agency} from the axis"),
    "calendar-replaced": (
        "thay lịch làm việc năm {year}: {off} ngày nghỉ, {worked} ngày làm bù",
        "replaced the working calendar of {year}: {off day} off, {worked} worked instead",
    ),
    "calendar-day": (
        "ghi vào lịch làm việc ngày {day}: {name} ({day_kind})",
        "wrote into the working calendar {day}: {name} ({day_kind})",
    ),
    "calendar-day-removed": (
        "bỏ ngày {day} khỏi lịch làm việc",
        "took {day} out of the working calendar",
    ),
    "search-exported": (
        "xuất danh sách {count} văn bản ({form})",
        "took away a list of {count document} ({form})",
    ),
    "report-exported": ("tải báo cáo{chosen} ({form})", "took away the report{chosen} ({form})"),
    "register-exported": (
        "tải sổ văn bản {book}{chosen} ({form})",
        "took away the register of {book} documents{chosen} ({form})",
    ),
    "node-restored": (
        "khôi phục từ bản sao lưu lúc {backup_at}, nhật ký khi đó {log_size} mục",
        "restored from the backup of {backup_at}, the log then of {log_size entry}",
    ),
    "user-added": (
        "thêm người dùng {user} ({name}), vai trò {role}, cơ quan {agencies}",
        "added user {user} ({name}), role {role}, agencies {agencies}",
    ),
    "user-edited": (
        "sửa người dùng {user} ({name}), vai trò {role}, cơ quan {agencies}",
        "changed user {user} ({name}), role {role}, agencies {agencies}",
    ),
    "user-disabled": ("khóa tài khoản {user}", "disabled the account {user}"),
    "user-enabled": ("mở lại tài khoản {user}", "enabled the account {user}"),
    "password-reset": ("cấp mật khẩu dùng một lần cho {user}", "gave {user} a password for one use"),
    "password-changed": ("đổi mật khẩu của {user}", "changed the password of {user}"),
    "second-factor-added": ("bật xác thực hai lớp của {user}", "added a second factor of {user}"),
    "second-factor-removed": ("tắt xác thực hai lớp của {user}", "removed the second factor of {user}"),
    "second-factor-reset": ("gỡ xác thực hai lớp của {user}", "reset the second factor of {user}"),
    "recovery-renewed": ("cấp lại mã khôi phục của {user}", "renewed the recovery codes of {user}"),
    "session-ended": ("kết thúc một phiên của {user}", "ended a session of {user}"),
    "sessions-ended": ("kết thúc {count} phiên của {user}", "ended {count session} of {user}"),
    "provider-bound": (
        "gắn {user} với tài khoản đăng nhập một lần",
        "bound {user} to an account for single sign-on",
    ),
    "provider-unbound": (
        "gỡ {user} khỏi tài khoản đăng nhập một lần",
        "unbound {user} from the account for single sign-on",
    ),
    "token-added": (
        "cấp mã truy cập {token} ({rights}), cơ quan {agencies}",
        "gave the program {token} a token ({rights}), agencies {agencies}",
    ),
    "token-disabled": ("ngắt mã truy cập {token}", "disabled the token of the program {token}"),
    "obligations-imported": (
        "nhập danh sách việc phải làm: {given} giao mới, {extended} gia hạn, {finished} hoàn thành",
        "imported a list of obligations: {given} given, {extended} extended, {finished} finished",
    ),
    "witness-forgot": (
        "bỏ điểm chốt đã thấy của nhật ký {log}, {size} mục",
        "forgot the checkpoint seen of log {log}, {size entry}",
    ),
    "sending-found": (
        "trục đã có {notation} của {sender} gửi {to}, gửi sau bản sao lưu",
        "the axis has {notation} of {sender} to {to}, sent after the backup",
    ),
    "dispatch-resent": ("gửi lại cho {to}{for_reason}", "sent it again to {to}{for_reason}"),
    "dispatch-hastened": ("cho thử ngay lượt chuyển cho {to}", "let the dispatch to {to} be tried at once"),
    "dispatch-cancelled": ("hủy lượt chuyển cho {to}: {reason}", "cancelled the dispatch to {to}: {reason}"),
    "failure-dismissed": (
        "để yên lượt chuyển cho {to} đã thất bại: {reason}",
        "left the failed delivery to {to} as it is: {reason}",
    ),
    "arrival-asked-again": (
        "yêu cầu trục gửi lại gói {far_id}{for_reason}",
        "asked the axis for package {far_id} again{for_reason}",
    ),
    "hold-placed": ("tạm giữ số {hold}, {held}: {reason}", "placed hold {hold}, {held}: {reason}"),
    "hold-released": ("bỏ tạm giữ số {hold}, {held}: {reason}", "released hold {hold}, {held}: {reason}"),
    "log-verified": (
        "kiểm tra toàn bộ nhật ký, {size} mục, {checkpoints} điểm chốt: {outcome}",
        "verified the whole log, {size entry}, {checkpoints checkpoint}: {outcome}",
    ),
    "evidence-exported": (
        "lập hồ sơ bằng chứng{chosen}: {count} văn bản",
        "made a bundle of evidence{chosen}: {count document}",
    ),
    "report-sent": (
        "gửi báo cáo {span}, đến {until}, cho {addressee}",
        "sent the report {span}, up to {until}, to {addressee}",
    ),
    "archive-made": (
        "lập bản lưu trữ {archive}: mục {first_seq} đến {last_seq}, {count} gói tin",
        "made archive {archive}: entries {first_seq} to {last_seq}, {count package}",
    ),
    "archive-imported": (
        "đưa {count} gói tin từ bản lưu trữ {archive} trở lại",
        "brought {count package} of archive {archive} back",
    ),
}

AMENDS: dict[int, Words] = {
    1: ("thu hồi", "recalled"),
    2: ("cập nhật", "updated"),
    3: ("thay thế", "replaced"),
}
MOVES: dict[str, Words] = {
    "open": ("được giao", "was given"),
    "extend": ("được gia hạn", "has more time for"),
    "finish": ("đã hoàn thành", "has finished"),
    "pass-on": ("đã chuyển", "has passed on"),
    "guide": ("đã hướng dẫn", "has given guidance on"),
    "reopen": ("thực hiện lại", "takes up again"),
    "cancel": ("không còn phải thực hiện", "no longer owes"),
}
# Why the exchange itself moved an obligation; people's reasons are told as they wrote them.
MOVED_BECAUSE: dict[str, Words] = {
    "recalled": ("văn bản đã thu hồi", "the document was recalled"),
    "removed": ("bên gửi rút khỏi nơi nhận", "the sender took it off the list of recipients"),
    "replaced": ("văn bản đã được thay thế", "the document was replaced"),
    "declined": ("đã từ chối tiếp nhận văn bản", "it declined the document"),
    "undelivered": ("văn bản không đến được", "the document did not reach it"),
    "sent-again": ("văn bản được gửi lại", "the document was sent again"),
    "recall-declined": ("không đồng ý thu hồi", "it declined the recall"),
    "taken-up-again": ("báo đang xử lý lại", "it says that it works on it again"),
    "imported": ("theo danh sách nhập", "by an imported list"),
}
CARRIED: dict[str, Words] = {"document": ("văn bản", "document"), "status": ("trạng thái", "status")}
# How an agency was reminded.
REMINDING_WAYS: dict[str, Words] = {
    "document": ("bằng văn bản qua trục liên thông", "by a document through the exchange"),
    "mail": ("bằng thư điện tử", "by mail"),
    "webhook": ("qua webhook", "by webhook"),
}
# What a bundle was made of, as far as it was said.
CHOSEN: dict[str, Words] = {
    "document": (" về ", " of "),
    "since": (" từ ", " from "),
    "until": (" đến ", " up to "),
    "agency": (" của ", " of "),
}
RIGHTS: dict[str, Words] = {"read": ("chỉ đọc", "reads"), "write": ("đọc và ghi", "reads and writes")}
BOOKS: dict[str, Words] = {"in": ("đến", "incoming"), "out": ("đi", "outgoing")}
WAYS: dict[str, Words] = {
    "password": ("bằng mật khẩu", "by password"),
    "code": ("bằng mật khẩu và mã", "by password and code"),
    "recovery": ("bằng mật khẩu và mã khôi phục", "by password and recovery code"),
    "provider": ("đăng nhập một lần", "by single sign-on"),
}
