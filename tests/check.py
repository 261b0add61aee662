"""The whole gate in one command: ``python -m tests.check``, or only the steps that are named.

Steps: format, lint, types, plan (the floor plan alone), tests (all of them, the floor plan included).
Every step runs even when an earlier one failed; the tests come last, so that their closing line stays
in sight.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
STEPS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "plan": ("pytest", "-q", "tests/test_floor_plan.py"),
    "tests": ("pytest", "-q", "-n", "auto"),
}
WHOLE_GATE = ("format", "lint", "types", "tests")


def run_step(name: str) -> bool:
    """Run one step in the repository's root and tell whether it passed."""
    command = [sys.executable, "-m", *STEPS[name]]
    print(f"── {name}: {' '.join(STEPS[name])}", flush=True)
    start = time.monotonic()
    passed = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    print(f"── {name} {'passed' if passed else 'FAILED'} in {time.monotonic() - start:.1f} s", flush=True)
    return passed


def main(names: list[str]) -> int:
    """Run the named steps, or the whole gate, and return the exit code."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"no such step: {' '.join(unknown)}; there are {' '.join(STEPS)}", file=sys.stderr)
        return 2
    failed = [name for name in names or WHOLE_GATE if not run_step(name)]
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
