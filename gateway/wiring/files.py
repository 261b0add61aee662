"""What a gateway is told by files and settings: seals, anchors, limits."""

from pathlib import Path

from gateway.config import Config
from gateway.edxml.outline import Limits as PackageLimits
from gateway.errors import Misconfiguration
from gateway.model.identifiers import AgencyCode, normalise_code, structural_alias
from gateway.trust.certificates import Anchors, load_anchors
from gateway.trust.keys import Seal, load_seal


def load_agency_seals(folder: Path) -> dict[AgencyCode, Seal]:
    """Load the seals of agencies that entrusted theirs to us: ``CODE.key`` beside ``CODE.pem``."""
    seals: dict[AgencyCode, Seal] = {}
    for key_file in sorted(folder.glob("*.key")):
        code = normalise_code(key_file.stem)
        chain_file = key_file.with_suffix(".pem")
        if not chain_file.is_file():
            raise Misconfiguration.because(
                "file-missing",
                where=f"trust.agency_seals_dir, {chain_file.name}",
                vi="thiếu chứng thư số đi cùng khóa của cơ quan",
                en="the certificate that goes with the agency's key is missing",
            )
        seal = load_seal(key_file.read_bytes(), chain_file.read_bytes(), holder=code)
        seals |= {code: seal, structural_alias(code) or code: seal}
    return seals


def load_trust(folder: Path) -> Anchors:
    """Load every anchor of a folder, ``*.pem`` and ``*.crt``."""
    files = sorted(path for pattern in ("*.pem", "*.crt") for path in folder.glob(pattern))
    loaded = (load_anchors(path.read_bytes(), where=f"trust.anchors_dir, {path.name}") for path in files)
    return Anchors(
        certificates=tuple(dict.fromkeys(each for anchors in loaded for each in anchors.certificates))
    )


def package_limits(config: Config) -> PackageLimits:
    """Tell what a package may ask of us."""
    return PackageLimits(
        header_bytes=config.limits.header_bytes,
        depth=config.limits.depth,
        attachments_count=config.limits.attachments_count,
    )
