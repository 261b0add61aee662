"""The versions of a document, in words, with the files of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.edxml.attachments import NamedFile
from gateway.errors import Delay, Fault, Refusal
from gateway.exchange.dossier import Dossier
from gateway.exchange.enclosures import Enclosures
from gateway.exchange.words import business_words
from gateway.model.code_lists import Business
from gateway.model.report import Words
from gateway.store.packages import StoredPackage
from gateway.web.console import labels
from gateway.web.console.documents import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One package of the document, in words. trouble says why its files cannot be had."""

    package: StoredPackage
    title: Words
    grade: labels.Label
    sender: str
    recipients: list[str]
    files: list[NamedFile]
    trouble: tuple[Fault, ...]


async def list_versions(dossier: Dossier, enclosures: Enclosures) -> tuple[Version | None, Sequence[Version]]:
    """Return the version that counts now, and all others, newest first. A recall is never the one."""
    versions = [await _tell(dossier, package, enclosures) for package in reversed(dossier.documents())]
    current = next((one for one in versions if one.package.business != Business.RECALL), None)
    return current, [one for one in versions if one is not current]


async def _tell(dossier: Dossier, package: StoredPackage, enclosures: Enclosures) -> Version:
    files: list[NamedFile] = []
    trouble: tuple[Fault, ...] = ()
    try:
        files = await enclosures.list_files(package)
    except (Refusal, Delay) as error:  # erased, or the disk: the page stands, and says so
        trouble = error.faults
    return Version(
        package=package,
        title=business_words(package.business),
        grade=labels.grade_label(package.grade),
        sender=name_of(dossier.directory, package.sender),
        recipients=[name_of(dossier.directory, code) for code in package.recipients],
        files=files,
        trouble=trouble,
    )
