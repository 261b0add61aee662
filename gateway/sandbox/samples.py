"""Packages left behind by the demo, to be looked at and sent by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.sandbox.documents import files_of, write_letter
from gateway.sandbox.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What lies there: a letter nobody has sent yet, its PDF, and what was refused."""

    unsent: Path
    pdf: Path
    refused: tuple[Path, ...]


def leave_samples(stage: Stage) -> Samples:
    """Write the samples into a folder beside the nodes."""
    folder = stage.world.folder / "mau"
    folder.mkdir(exist_ok=True)
    letter = stage.letters.unsent
    unsent, pdf = folder / "chua-gui.edxml", folder / "chua-gui.pdf"
    unsent.write_bytes(write_letter(letter, at=datetime.now(UTC)))
    pdf.write_bytes(files_of(letter)[0][1])
    refused = []
    for number, package in enumerate(stage.refused, 1):
        refused.append(folder / f"bi-tu-choi-{number}.edxml")
        refused[-1].write_bytes(package.content)
    return Samples(unsent=unsent, pdf=pdf, refused=tuple(refused))
