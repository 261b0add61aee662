"""How a long queue arrived at the hub: everything once, threads in order, everybody roughly in turn."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise

from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from tests.walks.world import Node


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What the hub's database tells beside the gateway's.

    Shape: overtaken_in_threads counts packages that came before an earlier one of their thread;
    furthest_overtaken is by how many places anything was off within its sender and priority, where as
    many as are under way at once may be; less_urgent_first counts urgent packages that came behind such of
    less urgency as had been waiting with them.
    """

    arrived: int
    missing: int
    twice: int
    overtaken_in_threads: int
    furthest_overtaken: int
    less_urgent_first: int


def look_at_arrival(gateway: Node, hub: Node, *, allowance: int) -> Arrival:
    """Compare both ends; allowance is how many may be under way at once."""
    waiting = gateway.rows(
        "SELECT far_id, sender, priority, thread_id, state FROM dispatches WHERE destination = 'axis'"
        " AND kind = 'document' ORDER BY id"
    )
    taken = hub.rows("SELECT id, digest FROM packages WHERE direction = 'outbound' ORDER BY rowid")
    place = {row["id"]: number for number, row in enumerate(taken)}
    arrived = [row for row in waiting if row["far_id"] in place]
    threads, lanes, urgencies = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in arrived:
        threads[row["thread_id"]].append(place[row["far_id"]])
        lanes[row["sender"], row["priority"]].append(place[row["far_id"]])
        urgencies[row["priority"]].append(place[row["far_id"]])
    digests = Counter(row["digest"] for row in taken)
    return Arrival(
        arrived=len(arrived),
        missing=len(waiting) - len(arrived),
        twice=sum(count - 1 for count in digests.values())
        + len(arrived)
        - len({row["far_id"] for row in arrived}),
        overtaken_in_threads=sum(map(_inversions, threads.values())),
        furthest_overtaken=max((_furthest(lane) for lane in lanes.values()), default=0),
        less_urgent_first=_out_of_urgency(urgencies, allowance),
    )


def _inversions(places: list[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(places))


def _furthest(places: list[int]) -> int:
    ranks = {place: rank for rank, place in enumerate(sorted(places))}
    return max(abs(ranks[place] - number) for number, place in enumerate(places))


def _out_of_urgency(urgencies: dict[int, list[int]], allowance: int) -> int:
    """Count those that came later than all of their urgency and above could have been in."""
    late, before = 0, 0
    for priority in sorted(urgencies, reverse=True)[:-1]:
        before += len(urgencies[priority])
        late += sum(place >= before + allowance for place in urgencies[priority])
    return late


def open_count(node: Node) -> int:
    """Count what is on its way to the axis."""
    (row,) = node.rows("SELECT sum(open_count) AS open FROM queues WHERE destination = 'axis'")
    return int(row["open"] or 0)


def count_entries(node: Node, kind: LogKind) -> int:
    """Count a node's log entries of a kind."""
    (row,) = node.rows("SELECT count(*) AS entries FROM log WHERE kind = ?", kind)
    return int(row["entries"])


def seconds_to_the_hub(gateway: Node, hub: Node, sender: AgencyCode) -> list[float]:
    """List how long a sender's documents took from the promise here to the promise there."""
    sql = "SELECT document_id, accepted_at FROM packages WHERE sender = ?"
    there = {row["document_id"]: row["accepted_at"] for row in hub.rows(sql, sender)}
    here = {row["document_id"]: row["accepted_at"] for row in gateway.rows(sql, sender)}
    return [(there[document_id] - at) / 1e6 for document_id, at in here.items() if document_id in there]
