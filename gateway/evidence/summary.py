"""The pages of a bundle that people read: one for each document, and a cover.

Each page stands alone: no script, no picture, no font, nothing fetched. Every foreign text is escaped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from gateway.model.formats import local
from gateway.model.report import Words
from gateway.model.thread import Thread

_STYLE = """
:root { --ink: #1d2733; --soft: #5c6b7a; --line: #dfe5ea; --tint: #f5f7f9; --seal: #9c2f2b; --good: #22684a; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 15px/1.55 "Segoe UI", "Noto Sans", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 3rem 2rem 4rem; }
header { border-bottom: 3px double var(--seal); padding-bottom: 1.2rem; margin-bottom: 1.6rem; }
h1 { font: 600 1.75rem/1.3 "Noto Serif", Cambria, "Times New Roman", serif; margin: .2rem 0 .4rem; }
h2 { font: 600 1.15rem/1.3 "Noto Serif", Cambria, "Times New Roman", serif; margin: 2.2rem 0 .7rem; }
.kicker { letter-spacing: .08em; text-transform: uppercase; font-size: .78rem; color: var(--seal);
  margin: 0; }
.subject { font-size: 1.1rem; margin: 0; }
.en, small { color: var(--soft); font-size: .86em; font-weight: 400; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .8rem .5rem 0; overflow-wrap: anywhere;
  border-bottom: 1px solid var(--line); }
thead th { font-size: .82rem; color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; width: 15rem; }
.at, .seq, td:first-child a { white-space: nowrap; }
.at, .seq { width: 1%; padding-right: 1.4rem; font-variant-numeric: tabular-nums; }
.seq { color: var(--soft); text-align: right; }
code { font: .86em/1.4 ui-monospace, Consolas, monospace; overflow-wrap: anywhere; }
.rung { display: inline-block; font-size: .78rem; line-height: 1.3; border: 1px solid; border-radius: 3px;
  padding: .05rem .4rem; margin: 0 .3rem .2rem 0; white-space: nowrap; }
.signed { color: var(--seal); } .logged { color: var(--soft); } .stamped { color: var(--good); }
aside { background: var(--tint); border-left: 3px solid var(--line); padding: .8rem 1.1rem;
  margin-top: 2rem; }
aside p { margin: .3rem 0; }
a { color: inherit; }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem; }
  .steps thead { display: none; }
  .steps tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .steps td { display: block; border: 0; padding: 0; width: auto; }
  .steps .seq { text-align: left; }
  tbody th { width: 7.5rem; }
}
@media print {
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } tr, aside { break-inside: avoid; }
  thead { display: table-header-group; } @page { margin: 18mm 16mm; }
}
"""
_PAGE = """<!DOCTYPE html>
<html lang="vi"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body><main>
"""
_BEFORE_USE = """<aside>
<p><strong>Kiểm tra</strong>: <code>python3 verify.py TỆP --anchor CA.pem --tsa-anchor TSA.pem</code>, xem
README.txt. <span class="en">· Verify with the script, taken from a source of your own.</span></p>
<p>Hồ sơ không nói có mục nào bị bỏ ra ngoài hay không: điều đó cần cả nhật ký. Cổng không lưu trả lời về thu
hồi chứng thư. <span class="en">· Only the whole log shows what was left out; no revocation answers are held.
</span></p></aside>"""
_SIGNED: Words = ("biên nhận ký số", "signed receipt")
_LOGGED: Words = ("trong nhật ký", "in the log")
_STAMPED: Words = ("có dấu thời gian", "timestamped")
_RUNGS = (
    (
        "signed",
        _SIGNED,
        "cổng đã ký lời xác nhận của việc này và trao đi: receipts/",
        "the gateway signed it",
    ),
    (
        "logged",
        _LOGGED,
        "việc này là một mục trong nhật ký chỉ thêm, chứng minh được: proofs/",
        "it is an entry of the append-only log, and proved to be",
    ),
    (
        "stamped",
        _STAMPED,
        "tổ chức cấp dấu thời gian xác nhận mục này đã có trước thời điểm đó: checkpoints/",
        "an authority's timestamp bounds when it was there",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of the log, told."""

    seq: int
    at: datetime
    what: Words
    told: Words
    signed: bool
    stamped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One document, told: who it is from, what each recipient last said, which files are its packages."""

    thread: Thread
    owner: str
    recipients: Sequence[tuple[str, Words | None, datetime | None]]
    packages: Sequence[tuple[str, str, str | None]]
    steps: Sequence[Step]


def write_page(told: Told, *, gateway: str) -> bytes:
    """Write a document's page. A package is its file's name, its SHA-256, and how it left, if otherwise."""
    thread = told.thread
    day = f" ngày {thread.promulgated_on:%d/%m/%Y}" if thread.promulgated_on else ""
    recalled = f"Đã thu hồi {local(thread.recalled_at)}" if thread.recalled_at else None
    pieces = [
        _head(f"{thread.notation}: {thread.subject}"),
        '<header><p class="kicker">Hồ sơ bằng chứng <span class="en">· evidence</span></p>',
        f'<h1>{_(thread.notation)}{_(day)}</h1><p class="subject">{_(thread.subject)}</p></header>',
        "<table><tbody>",
        _fact(("Cơ quan ban hành", "issued by"), told.owner),
        _fact(("Mã văn bản", "document id"), thread.document_id),
        _fact(("Vào sổ lúc", "recorded"), local(thread.opened_at)),
        _fact(("Cổng", "gateway"), gateway),
        _fact(("Tình trạng", "state"), recalled) if recalled else "",
        "</tbody></table>",
        _title("Nơi nhận", "recipients"),
        "<table><tbody>",
        *(_recipient(*recipient) for recipient in told.recipients),
        "</tbody></table>",
        _title("Diễn biến", "what happened"),
        '<table class="steps"><thead><tr><th class="seq">Mục</th>',
        '<th>Lúc <span class="en">· at, UTC+7</span></th>'
        '<th>Việc <span class="en">· event</span></th></tr></thead><tbody>',
        *map(_step, told.steps),
        "</tbody></table>",
        _title("Các gói tin", "packages"),
        "<table><tbody>",
        *(_package(*package) for package in told.packages),
        "</tbody></table>",
        _legend(),
        _ending(),
    ]
    return "".join(pieces).encode()


def write_cover(
    rows: Iterable[str], *, gateway: str, at: datetime, facts: Sequence[tuple[Words, str]]
) -> Iterator[str]:
    """Write the cover of a bundle: what it is, and a row (`write_row`) for each document."""
    yield _head(f"Hồ sơ bằng chứng: {gateway}")
    yield '<header><p class="kicker">Liên Thông</p><h1>Hồ sơ bằng chứng <span class="en">'
    yield f'· Evidence</span></h1><p class="subject">{_(gateway)}</p></header><table><tbody>'
    yield _fact(("Lập lúc", "made"), local(at))
    yield from (_fact(what, told) for what, told in facts)
    yield "</tbody></table>" + _title("Văn bản", "documents")
    yield "<table><thead><tr><th>Số, ký hiệu</th><th>Trích yếu</th><th>Cơ quan ban hành</th><th>Vào sổ</th>"
    yield "</tr></thead><tbody>"
    yield from rows
    yield "</tbody></table>" + _legend()
    yield _BEFORE_USE + _ending()


def write_row(thread: Thread, folder: str, owner: str) -> str:
    """Write a document's row on the cover."""
    return (
        f'<tr><td><a href="{_(folder)}/summary.html">{_(thread.notation)}</a></td>'
        f"<td>{_(thread.subject)}</td><td>{_(owner)}</td><td>{local(thread.opened_at)}</td></tr>\n"
    )


def _head(title: str) -> str:
    return _PAGE.format(title=_(title), style=_STYLE)


def _ending() -> str:
    return "</main></body></html>\n"


def _title(vi: str, en: str) -> str:
    return f'<h2>{vi} <span class="en">· {en}</span></h2>'


def _fact(what: Words, told: str) -> str:
    return f'<tr><th>{_(what[0])} <span class="en">· {_(what[1])}</span></th><td>{_(told)}</td></tr>'


def _recipient(name: str, status: Words | None, at: datetime | None) -> str:
    said = "–" if status is None else f'{_(status[0])} <span class="en">· {_(status[1])}</span>'
    return f'<tr><td>{_(name)}</td><td>{said}</td><td class="at">{local(at) if at else ""}</td></tr>'


def _step(step: Step) -> str:
    marks = [("logged", _LOGGED)]
    marks = [("signed", _SIGNED), *marks] if step.signed else marks
    marks = [*marks, ("stamped", _STAMPED)] if step.stamped else marks
    rungs = "".join(f'<span class="rung {kind}" title="{en}">{vi}</span>' for kind, (vi, en) in marks)
    vi, en = step.what
    told = f'{_(step.told[0])} <span class="en">· {_(step.told[1])}</span>'
    return (
        f'<tr><td class="seq">{step.seq}</td><td class="at">{local(step.at)}</td><td><strong>{_(vi)}</strong>'
        f' <span class="en">· {_(en)}</span><br>{told}<br>{rungs}</td></tr>\n'
    )


def _package(file: str, sha256: str, left: str | None) -> str:
    as_left = f'<br>Đi với dấu của cổng <span class="en">· as it left</span>: {_(left)}' if left else ""
    return f"<tr><td>{_(file)}{as_left}</td><td><code>{_(sha256)}</code></td></tr>"


def _legend() -> str:
    rows = (
        f'<p><span class="rung {kind}">{vi}</span> {_(told)} <span class="en">· {en}: {_(told_en)}</span></p>'
        for kind, (vi, en), told, told_en in _RUNGS
    )
    return f"<aside>{''.join(rows)}</aside>"


def _(text: str) -> str:
    return escape(text)
