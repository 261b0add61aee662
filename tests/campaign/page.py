"""The figures of a run as docs/reliability.md shows them, between two marks; the rest is prose."""

from pathlib import Path

from tests.campaign.kills import Outcome

BEGIN, END = "<!-- the last run: written by tests.campaign --page -->\n", "<!-- end of the last run -->\n"


def write_page(page: Path, outcomes: dict[str, Outcome], *, commit: str) -> None:
    """Put the figures of some scenes, by name, into the page."""
    before, rest = page.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    parts = [f"Commit `{commit}`.\n", _scenes(outcomes), _invariants(outcomes), _points(outcomes)]
    page.write_text(before + BEGIN + "\n" + "\n".join(parts) + "\n" + END + after, "utf-8")


def _scenes(outcomes: dict[str, Outcome]) -> str:
    lines = [
        "| scene | seed | seconds | kills | faults on roads | faults of disks | packages | promises"
        " | deliveries | settled in | breaches |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, outcome in outcomes.items():
        figures = (
            outcome.plan.seed,
            f"{outcome.seconds:.0f}",
            sum(outcome.kills.values()),
            sum(outcome.faults.values()),
            sum(outcome.disk_faults.values()),
            outcome.sendings,
            outcome.promises,
            outcome.deliveries,
            f"{outcome.settled_in:.0f} s",
            len(outcome.breaches),
        )
        lines.append(f"| {name} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(lines) + "\n"


def _invariants(outcomes: dict[str, Outcome]) -> str:
    lines = [f"| invariant | {' | '.join(outcomes)} |", "|---|" + "--:|" * len(outcomes)]
    sentences = dict.fromkeys(
        finding.sentence for outcome in outcomes.values() for finding in outcome.findings
    )
    for sentence in sentences:
        cells = []
        for outcome in outcomes.values():
            found = [finding for finding in outcome.findings if finding.sentence == sentence]
            cells.append(f"{len(found[0].breaches)} of {found[0].checked:,}" if found else "–")
        lines.append(f"| {sentence} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _points(outcomes: dict[str, Outcome]) -> str:
    killing = next((outcome for outcome in outcomes.values() if outcome.at_points), None)
    if killing is None:
        return ""
    struck = ", ".join(f"{name} {count}" for name, count in killing.at_points.items())
    roads = ", ".join(f"{name} {count}" for name, count in killing.faults.items())
    disks = ", ".join(
        f"{name} {count}" for outcome in outcomes.values() for name, count in outcome.disk_faults.items()
    )
    return (
        f"Killed at any instant: {killing.at_random}. Killed at points: {struck}.\n\n"
        f"Struck on the roads: {roads}.\n\nStruck on the disks: {disks}.\n"
    )
