"""What deploy/ lays out, as tests lay it out elsewhere: the same files under another root."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
# Where containers find what they are given, and what they may write.
_PLACES = ("/run/anchors", "/run/secrets", "/var/lib/lienthong")


def prepare(folder: Path) -> None:
    """Make keys, drawn passwords and anchors of a node, as `deploy/prepare` does."""
    subprocess.run(
        [DEPLOY / "prepare", folder, "--name", "Sở Y tế", "--agency-code", "000.00.12.H57", "--key", "p256"],
        env=os.environ | {"LIENTHONG": f"{sys.executable} -m gateway"},
        cwd=ROOT,
        check=True,
    )


def settled(root: Path, where: str, *, node: str = "node", replaced: Mapping[str, str] | None = None) -> Path:
    """Lay down the settings of a deployment for one node, its paths under a root; return the file.

    Shape: replaced maps what stands there to what shall.
    """
    text = (DEPLOY / where / "config.toml").read_text("utf-8")
    for place in _PLACES:
        text = text.replace(place, f"{root}{place}")
    for old, new in (replaced or {}).items():
        assert old in text
        text = text.replace(old, new)
    settings = root / node / "etc" / "lienthong" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(text, "utf-8")
    return settings
