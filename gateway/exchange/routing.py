"""Where a package goes: recipients × directory → destinations. Pure; nothing is decided elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Snapshot
from gateway.model.identifiers import AgencyCode, is_centre_code
from gateway.model.package import Package


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a package goes.

    Shape: mailboxes are agencies served here; beyond are those reached through the axis, as the
    package names them; here is this node's own agency, for which nobody collects: only an answer to what the
    node wrote itself may end there. No agency stands in it twice.
    """

    mailboxes: tuple[AgencyCode, ...] = ()
    beyond: tuple[AgencyCode, ...] = ()
    here: tuple[AgencyCode, ...] = ()

    @property
    def recipients(self) -> tuple[AgencyCode, ...]:
        """All of them."""
        return self.mailboxes + self.beyond + self.here

    def without(self, codes: Iterable[AgencyCode]) -> "Route":
        """Leave some agencies out."""
        left_out = frozenset(codes)
        return Route(
            mailboxes=tuple(code for code in self.mailboxes if code not in left_out),
            beyond=tuple(code for code in self.beyond if code not in left_out),
            here=tuple(code for code in self.here if code not in left_out),
        )


def addressed_agencies(
    package: Package, requested: Sequence[AgencyCode] | None, directory: Snapshot
) -> tuple[AgencyCode, ...]:
    """Tell for whom a package is meant: all it names, or those of them the request names.

    A gateway below us may have delivered to some recipients itself and asks for the rest only. A status
    goes to whom it answers, whatever the request says: callers leave the recipients of their last document
    in place.
    Errors: Refusal when the request names somebody whom the package does not.
    """
    named = named_agencies(package)
    if not named:
        return tuple(requested or ())
    if not requested or package.status is not None:
        return named
    # Who knows that one of them was merged asks for whoever answers for it.
    known = {directory.successor(code) for code in named}
    strangers = [code for code in requested if directory.successor(code) not in known]
    if strangers:
        raise Refusal("recipient-not-in-package", [_not_in_package(code) for code in strangers])
    return tuple(requested)


def named_agencies(package: Package) -> tuple[AgencyCode, ...]:
    """Tell whom a package names as its recipients; a status names whom it answers."""
    if package.envelope is not None:
        return tuple(recipient.code for recipient in package.envelope.recipients)
    organ = package.status.reply.organ if package.status else None
    return () if organ is None else (organ,)


def plan_route(
    recipients: Iterable[AgencyCode],
    directory: Snapshot,
    *,
    axis_is_open: bool,
    is_answer: bool,
    own: AgencyCode | None = None,
) -> Route:
    """Send each recipient to its mailbox here or to the axis.

    An answer may go to an agency our directory does not know yet: it wrote to us, so the axis knows it.
    Shape: own is this node's own agency.
    Errors: Refusal naming every recipient that cannot be reached, or saying that there is none.
    """
    mailboxes: dict[AgencyCode, None] = {}
    beyond: dict[AgencyCode, None] = {}
    here: dict[AgencyCode, None] = {}
    faults = []
    for named in recipients:
        code = directory.successor(named)
        fault = _unreachable(code, directory)
        if directory.has_mailbox(code) and fault is None:
            mailboxes[code] = None
        elif fault is None and axis_is_open and (is_answer or _axis_may_know(code, directory)):
            beyond[named if code == directory.canonical(named) else code] = None
        elif fault is None and is_answer and _is_own(code, directory, own):
            here[code] = None
        else:
            faults.append(fault or _unknown(named))
    if faults:
        raise Refusal("unknown-agency", faults)
    if not mailboxes and not beyond and not here:
        raise Refusal.because(
            "unknown-agency",
            where="ResponseFor/OrganId",
            vi="Gói tin không cho biết gửi tới cơ quan nào.",
            en="The package does not say to which agency it goes.",
        )
    return Route(mailboxes=tuple(mailboxes), beyond=tuple(beyond), here=tuple(here))


def local_route(
    recipients: Iterable[AgencyCode],
    directory: Snapshot,
    *,
    is_answer: bool = False,
    own: AgencyCode | None = None,
) -> Route:
    """Keep of a package from the axis what is for agencies served here.

    Shape: own is this node's own agency.
    Errors: Refusal when nobody here is meant: the package was misrouted.
    """
    codes = dict.fromkeys(directory.successor(code) for code in recipients)
    mailboxes = tuple(code for code in codes if directory.has_mailbox(code))
    here = tuple(code for code in codes if is_answer and _is_own(code, directory, own))
    if not mailboxes and not here:
        raise misrouted()
    return Route(mailboxes=mailboxes, here=() if mailboxes else here)


def misrouted() -> Refusal:
    """Make the refusal of what is for nobody here."""
    return Refusal.because(
        "misrouted",
        vi="Gói tin không dành cho cơ quan nào được phục vụ tại đây.",
        en="The package is for no agency served here.",
    )


def _is_own(code: AgencyCode, directory: Snapshot, own: AgencyCode | None) -> bool:
    return own is not None and code == directory.successor(own)


def _axis_may_know(code: AgencyCode, directory: Snapshot) -> bool:
    return code in directory.agencies or not directory.knows_the_axis()


def _unreachable(code: AgencyCode, directory: Snapshot) -> Fault | None:
    if is_centre_code(code):
        return Fault(
            rule="centre-is-no-recipient",
            where="To/OrganId",
            vi=f"{code} là mã trung tâm trung chuyển, không phải nơi nhận.",
            en=f"{code} is the code of a relaying centre, not of a recipient.",
        )
    agency = directory.agencies.get(code)
    if agency is not None and agency.closed_at is not None:
        return Fault(
            rule="agency-closed",
            where="To/OrganId",
            vi=f"Cơ quan {code} đã ngừng hoạt động và không có cơ quan kế thừa.",
            en=f"Agency {code} is closed and has no successor.",
        )
    return None


def _not_in_package(code: AgencyCode) -> Fault:
    return Fault(
        rule="recipient-not-in-package",
        where="XroadVnpt-to",
        vi=f"Yêu cầu gửi cho {code} nhưng gói tin không ghi nơi nhận này.",
        en=f"The request names {code}, the package does not.",
    )


def _unknown(code: AgencyCode) -> Fault:
    return Fault(
        rule="unknown-agency",
        where="To/OrganId",
        vi=f"Không tìm thấy cơ quan {code} trong danh bạ, hoặc cơ quan chưa kết nối.",
        en=f"Agency {code} is not in the directory, or no connected system serves it.",
    )
