"""The demo, as a newcomer runs it."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from gateway.sandbox.story import SCENES

ROOT = Path(__file__).parent.parent.parent


def test_the_demo_plays_to_its_end_and_leaves_nothing_running(tmp_path: Path) -> None:
    """One real command: every scene, the table, exit code 0; its nodes are gone and can be looked into."""
    command = [sys.executable, "-m", "gateway", "demo", "--once", "--dir", str(tmp_path / "demo")]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert [scene.vi for scene in SCENES if scene.vi not in ran.stdout] == []
    assert "chưa có tin" not in ran.stdout
    for refused in ("chữ ký số giả mạo", "gói tin sai quy cách"):
        assert refused in ran.stdout
    told = " ".join(ran.stdout.split())
    assert re.search("gõ “bao cao tiem chung”: [1-9][0-9]* văn bản; mở “[^”]*tiêm chủng[^”]*”", told)
    ports = re.findall(r"http://127\.0\.0\.1:(\d+)", ran.stdout)
    assert len(ports) == 3
    for port in ports:
        with socket.socket() as caller:
            assert caller.connect_ex(("127.0.0.1", int(port))) != 0
    nodes = sorted(path.parent.name for path in (tmp_path / "demo").glob("*/config.toml"))
    assert nodes == ["cong-bo", "cong-tinh", "truc"]
