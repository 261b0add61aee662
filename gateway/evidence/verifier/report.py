"""The findings told to people and programs, and the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from gateway.evidence.verifier.audit import verify
from gateway.evidence.verifier.findings import CHECKS, FAULTS_TOLD, Findings

_SIGNS = {"holds": "✓", "wrong": "✗", "open": "?", "empty": "–"}
_NOT_REACHED = "chưa xét tới vì lỗi trên · not reached, for what is wrong above"
_ENDS = {
    0: "ĐÚNG: mọi điều đều khớp · PROVED: everything holds",
    1: "SAI: hồ sơ không như đã ký · WRONG: the bundle is not what was signed",
    3: "CHƯA ĐỦ: không có gì sai, nhưng cần gốc tin cậy (--anchor, --tsa-anchor)"
    " · NOT PROVED: nothing is wrong, but anchors are missing",
}


def tell(findings: Findings) -> str:
    """Write the numbered list of what was checked, with expected and found."""
    lines = []
    for number, (check, (vi, en, expected)) in enumerate(CHECKS.items(), 1):
        if check not in findings.reached and not findings.faults[check]:
            lines += [f"{number:2} – {vi} · {en}", f"     {_NOT_REACHED}"]
            continue
        lines += [
            f"{number:2} {_SIGNS[findings.verdict(check)]} {vi} · {en}",
            f"     cần · expected: {expected}",
        ]
        found = findings.found[check]
        lines += [f"     thấy · found: {_plain('; '.join(found))}"] if found else []
        faults = findings.faults[check]
        lines += [f"     ✗ {_plain(fault)}" for fault in faults[:FAULTS_TOLD]]
        more = len(faults) - FAULTS_TOLD
        lines += [f"     ✗ … {more}"] if more > 0 else []
    return "\n".join([*lines, "", _ENDS[findings.exit_code], ""])


def tell_json(findings: Findings) -> str:
    """Write the same for programs."""
    checks = [
        {
            "check": check,
            "verdict": findings.verdict(check),
            "expected": expected,
            "found": findings.found[check],
            "faults": findings.faults[check],
        }
        for check, (_, _, expected) in CHECKS.items()
    ]
    return (
        json.dumps({"exit_code": findings.exit_code, "checks": checks}, ensure_ascii=False, indent=2) + "\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a bundle as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="verify", description="Kiểm tra hồ sơ bằng chứng · Verify an evidence bundle"
    )
    parser.add_argument("bundle", type=Path, help="tệp .asice · the file")
    anchor = {"action": "append", "type": Path, "default": [], "metavar": "PEM"}
    parser.add_argument("--anchor", help="gốc tin cậy của dấu · anchors of seals", **anchor)  # type: ignore[arg-type]
    parser.add_argument("--tsa-anchor", help="gốc của dấu thời gian · anchors of timestamps", **anchor)  # type: ignore[arg-type]
    parser.add_argument("--json", action="store_true", help="cho chương trình · for programs")
    asked = parser.parse_args(arguments)
    try:
        anchors, tsa_anchors = (
            [c for path in paths for c in x509.load_pem_x509_certificates(path.read_bytes())]
            for paths in (asked.anchor, asked.tsa_anchor)
        )
        with asked.bundle.open("rb") as file:
            findings = verify(file, anchors, tsa_anchors)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    except ValueError as error:
        parser.error(f"PEM không đọc được · unreadable: {error}")
    told = tell_json(findings) if asked.json else tell(findings)
    sys.stdout.buffer.write(told.encode())
    sys.stdout.flush()
    return findings.exit_code


def _plain(text: str) -> str:
    """Let no text out of a bundle steer a terminal."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)


if __name__ == "__main__":
    sys.exit(main())
