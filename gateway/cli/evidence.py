"""``lienthong evidence``: the evidence about documents, in one file that is checked without this node."""

import asyncio
import shlex
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import directory_option, open_node
from gateway.cli.terminal import VIETNAM, both, card, done, json_option, show, show_json, size

if TYPE_CHECKING:
    from gateway.exchange.export import Exported, Wish
    from gateway.model.identifiers import AgencyCode
    from gateway.office import Office

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def evidence() -> None:
    """Hồ sơ bằng chứng về văn bản.

    Evidence about documents, for auditors: one file, checked without this node.
    """


@evidence.command("export")
@click.argument("wanted", metavar="[DOCUMENT]", required=False)
@click.option(
    "--since", type=_DAY, metavar="DAY", help="Văn bản vào sổ từ ngày này. · Recorded on this day or later."
)
@click.option(
    "--until", type=_DAY, metavar="DAY", help="… đến hết ngày này. · … or before the end of this day."
)
@click.option("--agency", metavar="CODE", help="Do cơ quan này gửi hoặc nhận. · Sent or received by it.")
@click.option(
    "--certificate",
    "certificate_files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PEM",
    help="Kèm thêm chứng thư của bên khác đã ký. · Add the certificate of somebody else who signed.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Tệp .asice cần ghi. · The file to write.",
)
@directory_option
@json_option
def export(
    wanted: str | None,
    since: datetime | None,
    until: datetime | None,
    agency: str | None,
    certificate_files: tuple[Path, ...],
    output: Path | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Xuất hồ sơ bằng chứng về một văn bản, hoặc về nhiều.

    Export the evidence about one document, named as in `document show`, or about all that fit the options:
    packages, receipts, log proofs, checkpoints, timestamps and certificates, sealed, with the script that
    verifies them.
    """
    if (wanted is None) == (since is None and until is None and agency is None):
        raise click.UsageError("cần DOCUMENT, hoặc --since, --until, --agency / either DOCUMENT or options")
    asked = _Asked(wanted=wanted, since=since, until=until, agency=agency)
    path, made = asyncio.run(_export(folder, asked, certificate_files, output))
    if as_json:
        show_json({"file": str(path), **asdict(made)})
    else:
        _tell(path, made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which documents an operator asks for; until is the last day."""

    wanted: str | None
    since: datetime | None
    until: datetime | None
    agency: str | None

    def told(self) -> dict[str, str]:
        """Say it as the bundle does."""
        told = {
            "document": self.wanted,
            "since": self.since and f"{self.since:%Y-%m-%d}",
            "until": self.until and f"{self.until:%Y-%m-%d}",
            "agency": self.agency,
        }
        return {name: value for name, value in told.items() if value}

    async def wish(self, office: "Office") -> "Wish":
        """Look up what is asked for.

        Errors: Refusal when the document is not known.
        """
        from gateway.exchange.export import Wish, find_document
        from gateway.model.identifiers import normalise_code
        from gateway.store.selection import Selection

        if self.wanted is not None:
            return Wish(thread=await find_document(office.database, self.wanted), told=self.told())
        codes: frozenset[AgencyCode] = frozenset()
        if self.agency is not None:
            snapshot = await office.directory.current(certainly=True)
            codes = snapshot.names_of(normalise_code(self.agency))
        selection = Selection(
            since=self.since and self.since.replace(tzinfo=VIETNAM),
            until=self.until and self.until.replace(tzinfo=VIETNAM) + timedelta(days=1),
            codes=tuple(sorted(codes)),
        )
        return Wish(selection=selection, told=self.told())

    def file(self) -> Path:
        """Name the file to write when none is named."""
        from gateway.evidence.bundle import folder_name

        return Path(folder_name("-".join(self.told().values())).rpartition("/")[2] + ".asice")


async def _export(
    folder: Path, asked: _Asked, certificate_files: tuple[Path, ...], output: Path | None
) -> "tuple[Path, Exported]":
    from gateway.back_office import furnish_export, load_chain, others_chains
    from gateway.office import now

    async with open_node(folder) as office:
        others = [*map(load_chain, certificate_files), *others_chains(office.config)]
        walk = await furnish_export(office, others=others)
        path = output or asked.file()
        return path, await walk.write(await asked.wish(office), path, at=now())


def _tell(path: Path, made: "Exported") -> None:
    stamped = f"{made.stamped} mục đầu" if made.stamped else "không có"
    show(
        done(f"Đã ghi {path}", "written"),
        card(
            [
                ("Văn bản", "documents", str(made.documents_count)),
                ("Phần, cỡ", "parts, size", f"{made.parts_count}, {size(made.size_bytes)}"),
                ("Điểm chốt", "checkpoint", f"{made.size} mục"),
                ("Dấu thời gian", "timestamp", stamped),
            ]
        ),
        both(
            f"\n  Kiểm tra: lienthong verify {shlex.quote(str(path))} --anchor CA.pem", "verify it, anywhere"
        ),
    )
