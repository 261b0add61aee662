"""``lienthong check``: would a gateway take this package, and if not, why not?"""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.terminal import VIETNAM, json_option, page, show, show_json

if TYPE_CHECKING:
    from gateway.cli.inspection import Inspection
    from gateway.errors import Fault

# Reading this much takes long enough to wonder whether anything happens.
_LARGE_BYTES = 20 << 20


@click.command()
@click.argument(
    "file", metavar="FILE.edxml", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
)
@click.option(
    "--anchors",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Thư mục chứng thư gốc tin cậy, PEM; của một nút: DIR/certs. · Trusted certificates.",
)
@click.option(
    "--voucher",
    multiple=True,
    metavar="CODE",
    help="Người ký được ký thay mọi bên gửi. · Believed for any sender.",
)
@click.option(
    "--policy",
    type=click.Choice(["require", "warn", "off"]),
    default="warn",
    show_default=True,
    help="Xét chữ ký: bắt buộc, cảnh báo, không xét. · What the signature must be.",
)
@click.option(
    "--at", metavar="ISO", help="Xét tại thời điểm này, thay vì bây giờ. · Judge as of this instant."
)
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    file: Path,
    anchors: Path | None,
    voucher: tuple[str, ...],
    policy: str,
    at: str | None,
    as_json: bool,
) -> None:
    """Kiểm tra và giải thích một gói tin edXML, không cần nút nào.

    Read any package and explain it: what it is, from whom, to whom, what is attached, what the signature is
    worth, and every fault and warning. Exit code 0 when a gateway would accept it, 1 when not.
    """
    from gateway.cli.inspection import Outcome, inspect_file
    from gateway.model.identifiers import normalise_code
    from gateway.model.signature import SignaturePolicy
    from gateway.trust.certificates import load_anchors

    pems = sorted((*anchors.glob("*.pem"), *anchors.glob("*.crt"))) if anchors else []
    instant = _instant(at)
    with page(errors=True).status("Đang đọc · reading …") if _takes_long(file) else _Silence():
        inspection = inspect_file(
            file,
            anchors=load_anchors(*(path.read_bytes() for path in pems)),
            vouchers=frozenset(map(normalise_code, voucher)),
            policy=SignaturePolicy(policy),
            at=instant,
        )
    if as_json:
        show_json(_facts(file, inspection))
    else:
        from gateway.cli.explanation import explain

        show(*explain(file.name, inspection, anchored=bool(pems)))
    ctx.exit(1 if inspection.outcome is Outcome.REFUSED else 0)


class _Silence:
    """Shows nothing while something is under way."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _takes_long(file: Path) -> bool:
    return page(errors=True).is_terminal and file.stat().st_size > _LARGE_BYTES


def _instant(text: str | None) -> datetime:
    """Read an instant; without a zone it is Vietnamese time."""
    if text is None:
        return datetime.now(VIETNAM)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            "cần dạng ISO 8601, như 2026-04-12T10:00:00+07:00 / ISO 8601 is expected", param_hint="--at"
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=VIETNAM)


def _facts(file: Path, inspection: "Inspection") -> dict[str, Any]:
    package, verdict = inspection.package, inspection.verdict
    return {
        "file": str(file),
        "outcome": inspection.outcome.value,
        "bytes": inspection.size_bytes,
        "sha256": inspection.digest,
        "kind": package.kind.value if package else None,
        "envelope": asdict(package.envelope) if package and package.envelope else None,
        "status": asdict(package.status) if package and package.status else None,
        "attachments": [
            {
                "content_id": found.attachment.content_id,
                "declared_name": found.attachment.name,
                "declared_type": found.attachment.declared_type,
                "file": asdict(found.file) if found.file else None,
            }
            for found in inspection.files
        ],
        "signature": asdict(verdict) if verdict else None,
        "faults": [_fault(fault) for fault in inspection.faults],
        "warnings": [_fault(fault) for fault in inspection.warnings],
        "raw": {path: list(texts) for path, texts in inspection.raw.items()},
    }


def _fault(fault: "Fault") -> dict[str, str]:
    return {"rule": fault.rule, "where": fault.where, "vi": fault.vi, "en": fault.en}
