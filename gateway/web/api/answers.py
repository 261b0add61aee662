"""How programs are answered: JSON, not again when nothing has changed; a problem with every fault.

Source: RFC 9457 (problem details), RFC 9110, section 13.1.2 (If-None-Match).
"""

import hashlib
import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.helpers import ETag

from gateway import __version__
from gateway.errors import Delay, LienthongError, Refusal
from gateway.exchange.facts import Facts
from gateway.model.token import Token
from gateway.web.problems import api_status

_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization",
    "X-Content-Type-Options": "nosniff",
}


def answer(facts: Facts, *, status: int = 200, etag: str | None = None, **headers: str) -> web.Response:
    """Answer with JSON."""
    response = web.Response(
        body=_write(facts),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={**_HEADERS, **headers},
    )
    if etag is not None:
        response.etag = ETag(value=etag, is_weak=True)
    return response


def etag_of(request: web.Request, token: Token, pulse: str) -> str:
    """Name what would be answered now: to this question, to who sees so much, by this program."""
    agencies = "all" if token.agencies is None else ",".join(sorted(token.agencies))
    named = "\n".join((__version__, pulse, request.path_qs, agencies))
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:32]


def not_modified(request: web.Request, etag: str) -> web.Response | None:
    """Answer that nothing has changed, when the caller has it already."""
    if all(known.value != etag for known in request.if_none_match or ()):
        return None
    response = web.Response(status=304, headers=_HEADERS)
    response.etag = ETag(value=etag, is_weak=True)
    return response


def answer_problem(error: LienthongError) -> web.Response:
    """Answer why not, with every fault in Vietnamese and English."""
    status = api_status(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="lienthong"'
    if not isinstance(error, Refusal):
        after = error.after if isinstance(error, Delay) else Delay.after
        headers["Retry-After"] = str(max(1, math.ceil(after.total_seconds())))
    faults = [
        {"rule": fault.rule, "where": fault.where, "vi": fault.vi, "en": fault.en} for fault in error.faults
    ]
    return _problem(status, error.code, faults, headers)


def answer_bug() -> web.Response:
    """Answer when we failed in a way nobody foresaw; nothing is disclosed."""
    fault = {"rule": "internal", "where": "", "vi": "Lỗi nội bộ.", "en": "Internal error."}
    return _problem(500, "internal", [fault], {})


def _problem(
    status: int, code: str, faults: list[dict[str, str]], headers: Mapping[str, str]
) -> web.Response:
    told = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{faults[0]['vi']} / {faults[0]['en']}",
        "code": code,
        "faults": faults,
    }
    return web.Response(
        body=_write(told),
        status=status,
        content_type="application/problem+json",
        charset="utf-8",
        headers={**_HEADERS, **headers, "Cache-Control": "no-store"},
    )


def _write(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
