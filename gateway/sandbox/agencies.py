"""Who plays in the demo: an invented province and an invented ministry, in the manner of real ones.

Nobody here exists. The codes have the form of real ones (QCVN 102, QĐ 20/2020); no person is named.
"""

from dataclasses import dataclass

from gateway.model.agency import Agency, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An agency that takes part, and how it signs its documents.

    Shape: short is what people there call it; initials end its notations (``SYT``).
    """

    code: AgencyCode
    name: str
    short: str
    initials: str
    superior: str | None = None
    place: str = "Thử Nghiệm"
    parent: AgencyCode | None = None
    aliases: tuple[AgencyCode, ...] = ()

    @property
    def agency(self) -> Agency:
        """Return its line in a directory."""
        mail = f"vanthu.{self.initials.lower().replace('đ', 'd')}@example.vn"
        return Agency(code=self.code, name=self.name, mail=mail, parent=self.parent, aliases=self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A system to be connected to a node, and the agencies it serves there.

    Shape: strict says that a package without a valid signature is refused; at_console, that people work in
    the node's console instead; broken, that the program has collected nothing for some days.
    """

    id: SystemId
    serves: tuple[Member, ...]
    kind: SystemKind = SystemKind.DMS
    strict: bool = False
    at_console: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """A node to be founded. below is what it is called on the hub; a hub has None."""

    folder: str
    owner: Member
    title: str
    title_en: str
    below: SystemId | None
    desks: tuple[Desk, ...]


AXIS_OPERATOR = Member(
    code=AgencyCode("000.00.00.G98"),
    name="Trung tâm vận hành Trục Thử Nghiệm",
    short="Trục",
    initials="TTVH",
)
MINISTRY = Member(
    code=AgencyCode("000.00.00.G99"),
    name="Bộ Thử Nghiệm",
    short="Bộ Thử Nghiệm",
    initials="BTN",
    place="Thủ Đô",
    aliases=(AgencyCode("G99"),),
)
PROVINCE = Member(
    code=AgencyCode("000.00.00.H57"),
    name="Ủy ban nhân dân tỉnh Thử Nghiệm",
    short="UBND tỉnh",
    initials="UBND",
    aliases=(AgencyCode("H57"),),
)


def _department(number: int, name: str, short: str, initials: str) -> Member:
    return Member(
        code=AgencyCode(f"000.00.{number:02d}.H57"),
        name=f"{name} tỉnh Thử Nghiệm",
        short=short,
        initials=initials,
        superior="Ủy ban nhân dân tỉnh Thử Nghiệm",
        parent=PROVINCE.code,
    )


HEALTH = _department(12, "Sở Y tế", "Sở Y tế", "SYT")
EDUCATION = _department(10, "Sở Giáo dục và Đào tạo", "Sở GDĐT", "SGDĐT")
FINANCE = _department(8, "Sở Tài chính", "Sở Tài chính", "STC")
HOME_AFFAIRS = _department(7, "Sở Nội vụ", "Sở Nội vụ", "SNV")
COMMUNE = Member(
    code=AgencyCode("000.21.05.H57"),
    name="Ủy ban nhân dân xã Suối Mẫu",
    short="UBND xã",
    initials="UBND",
    place="Suối Mẫu",
    parent=PROVINCE.code,
)

# Gateways below an axis seal what they send, so the hub takes nothing unsigned from them; the DMSs of
# today sign nothing, so their gateways take it with a warning.
HUB_PLAN = NodePlan(
    folder="truc",
    owner=AXIS_OPERATOR,
    title="Trục liên thông",
    title_en="hub",
    below=None,
    desks=(
        Desk(id=SystemId("cong-bo"), serves=(MINISTRY,), kind=SystemKind.GATEWAY, strict=True),
        Desk(
            id=SystemId("cong-tinh"),
            serves=(PROVINCE, HEALTH, EDUCATION, FINANCE, HOME_AFFAIRS, COMMUNE),
            kind=SystemKind.GATEWAY,
            strict=True,
        ),
    ),
)
MINISTRY_PLAN = NodePlan(
    folder="cong-bo",
    owner=MINISTRY,
    title="Cổng riêng của Bộ",
    title_en="dedicated gateway",
    below=SystemId("cong-bo"),
    desks=(Desk(id=SystemId("qlvb-bo"), serves=(MINISTRY,)),),
)
PROVINCE_PLAN = NodePlan(
    folder="cong-tinh",
    owner=PROVINCE,
    title="Cổng dùng chung của tỉnh",
    title_en="shared gateway",
    below=SystemId("cong-tinh"),
    desks=(
        Desk(id=SystemId("qlvb-tinh"), serves=(PROVINCE, EDUCATION)),
        Desk(id=SystemId("qlvb-syt"), serves=(HEALTH,)),
        Desk(id=SystemId("qlvb-stc"), serves=(FINANCE,)),
        Desk(id=SystemId("qlvb-snv"), serves=(HOME_AFFAIRS,), broken=True),
        # A commune has no such program; its people work in the province's console.
        Desk(id=SystemId("xa-suoi-mau"), serves=(COMMUNE,), at_console=True),
    ),
)
