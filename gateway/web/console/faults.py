"""What went wrong, as a page: what happened, what to do now, and the number to tell an operator."""

import math
from dataclasses import dataclass

from aiohttp import web

from gateway.errors import Delay, Fault, LienthongError, Refusal
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import language_of


@dataclass(frozen=True, slots=True)
class _Words:
    """Title and advice of a kind of page, in Vietnamese and English."""

    title: tuple[str, str]
    advice: tuple[str, str]


_WORDS = {
    401: _Words(
        ("Phiên làm việc đã kết thúc", "The session has ended"),
        ("Hãy đăng nhập lại; nội dung chưa gửi thì chưa được ghi.", "Sign in again; nothing was recorded."),
    ),
    403: _Words(
        ("Bạn không có quyền xem trang này", "You may not see this page"),
        (
            "Nếu cần quyền này cho công việc, hãy đề nghị quản trị viên của cơ quan.",
            "If your work needs it, ask your administrator.",
        ),
    ),
    404: _Words(
        ("Không tìm thấy trang", "There is no such page"),
        (
            "Địa chỉ có thể đã gõ sai, hoặc nội dung không thuộc cơ quan của bạn.",
            "The address may be mistyped, or what it shows is not your agency's.",
        ),
    ),
    405: _Words(
        ("Trang này không nhận thao tác đó", "This page does not take that"),
        ("Hãy quay lại trang trước.", "Go back to the page before."),
    ),
    413: _Words(
        ("Nội dung gửi lên quá lớn", "What you sent is too large"),
        ("Hãy giảm dung lượng rồi gửi lại.", "Make it smaller and send it again."),
    ),
    422: _Words(
        ("Chưa thực hiện được", "That was not possible"),
        ("Không có gì thay đổi. Hãy sửa những điểm sau.", "Nothing has changed. Mend the following."),
    ),
    503: _Words(
        ("Hệ thống đang bận", "The system is busy"),
        ("Không có gì thay đổi; hãy thử lại sau giây lát.", "Nothing has changed; try again in a moment."),
    ),
    500: _Words(
        ("Có lỗi trong hệ thống", "Something went wrong here"),
        (
            "Lỗi đã được ghi lại. Khi báo người vận hành, hãy đọc mã yêu cầu dưới đây.",
            "It has been noted. When you tell the operator, give the request's number below.",
        ),
    ),
}

# A refusal that has a number of its own in HTTP; any other is 422.
_STATUS_OF = {"form-not-ours": 403, "not-allowed": 403, "not-found": 404, "package-too-large": 413}


async def answer_fault(
    shell: Shell, request: web.Request, error: LienthongError | web.HTTPException
) -> web.Response:
    """Answer an error with a page in the visitor's language, every fault on it."""
    status = _status_of(error)
    words = _WORDS.get(status, _WORDS[500 if status >= 500 else 422])
    faults: tuple[Fault, ...] = error.faults if isinstance(error, LienthongError) else ()
    title, advice = (pair[language_of(request) == "en"] for pair in (words.title, words.advice))
    # What broke may be what the menu counts.
    response = await shell.render(
        request, "faults/page.html", status=status, counted=False, title=title, advice=advice, faults=faults
    )
    if isinstance(error, Delay):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.after.total_seconds())))
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    return response


def _status_of(error: LienthongError | web.HTTPException) -> int:
    if isinstance(error, web.HTTPException):
        return error.status
    if isinstance(error, Refusal):
        return _STATUS_OF.get(error.code, 422)
    return 503
