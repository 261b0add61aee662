"""What an agency may say about a document, in which order. Strict on sending, tolerant on arrival."""

from gateway.model.code_lists import StatusCode

_CHANGES = frozenset({StatusCode.CHANGE_ACCEPTED, StatusCode.CHANGE_DECLINED})
_WORK = frozenset({StatusCode.ASSIGNED, StatusCode.PROCESSING, StatusCode.COMPLETED})

# What may follow what, from one recipient about one document. Repeating the last word is always allowed.
# 15 and 16 are owed only while a recall or update is pending; `may_say` knows.
MAY_FOLLOW: dict[StatusCode | None, frozenset[StatusCode]] = {
    None: frozenset({StatusCode.ARRIVED, StatusCode.DECLINED, StatusCode.RECEIVED}),
    StatusCode.ARRIVED: frozenset({StatusCode.DECLINED, StatusCode.RECEIVED}) | _WORK,
    StatusCode.DECLINED: frozenset({StatusCode.RECEIVED}),
    StatusCode.RECEIVED: frozenset({StatusCode.DECLINED}) | _WORK,
    StatusCode.ASSIGNED: _WORK,
    StatusCode.PROCESSING: _WORK - {StatusCode.PROCESSING},
    StatusCode.COMPLETED: frozenset({StatusCode.PROCESSING}),
}

# How far along a document is. What arrives late never takes a document back.
PROGRESS: dict[StatusCode, int] = {
    StatusCode.ARRIVED: 1,
    StatusCode.RECEIVED: 2,
    StatusCode.DECLINED: 3,
    StatusCode.ASSIGNED: 4,
    StatusCode.PROCESSING: 5,
    StatusCode.COMPLETED: 6,
}


def may_say(current: StatusCode | None, following: StatusCode, *, change_pending: bool) -> bool:
    """Tell whether a recipient's system may send this status now."""
    if following in _CHANGES:
        return change_pending
    return following == current or following in MAY_FOLLOW[current]


def goes_further(current: str | None, following: str) -> bool:
    """Tell whether a status moves the displayed state; unknown codes and late arrivals do not."""
    ranks: dict[str, int] = {code.value: rank for code, rank in PROGRESS.items()}
    return ranks.get(following, 0) > ranks.get(current or "", 0)
