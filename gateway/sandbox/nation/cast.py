"""Who plays in the nation: invented provinces and ministries with gateways of their own, one that is shared.

Nobody here exists. The codes have the form of real ones; no person is named.
"""

from dataclasses import dataclass
from itertools import product

from gateway.model.agency import SystemKind
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.sandbox.agencies import AXIS_OPERATOR, Desk, Member, NodePlan

LARGEST_COUNT = 97
"""So many provinces, ministries or sharers: a code has two digits, and some are not theirs."""

HUB_FOLDER, SHARED_FOLDER = "truc", "cong-chung"

_FIRST_SYLLABLES = ("An", "Bình", "Cẩm", "Đại", "Gia", "Hòa", "Kim", "Lạc", "Mỹ", "Nam", "Phú", "Quế")
_LAST_SYLLABLES = ("Mẫu", "Thử", "Nghiệm")
_PLACES = [f"{first} {last}" for last, first in product(_LAST_SYLLABLES, _FIRST_SYLLABLES)]
_PROVINCE = "Thử Nghiệm"
_DEPARTMENTS = (
    ("Trung tâm Phục vụ hành chính công", "TTPVHCC"),
    ("Sở Nội vụ", "SNV"),
    ("Sở Tài chính", "STC"),
    ("Sở Xây dựng", "SXD"),
    ("Sở Y tế", "SYT"),
    ("Sở Giáo dục và Đào tạo", "SGDĐT"),
    ("Sở Tư pháp", "STP"),
    ("Sở Công Thương", "SCT"),
    ("Sở Nông nghiệp và Môi trường", "SNNMT"),
    ("Sở Khoa học và Công nghệ", "SKHCN"),
    ("Sở Văn hóa, Thể thao và Du lịch", "SVHTTDL"),
    ("Thanh tra", "TTr"),
    ("Ban Quản lý các khu công nghiệp", "BQLKCN"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody, and the nodes they are connected to.

    Shape: dedicated have a gateway each, shared have one together; nodes begins with the hub.
    """

    dedicated: tuple[Member, ...]
    shared: tuple[Member, ...]
    nodes: tuple[NodePlan, ...]

    @property
    def members(self) -> tuple[Member, ...]:
        """Return every agency that sends and receives."""
        return self.dedicated + self.shared

    @property
    def office(self) -> Member:
        """Return the agency whose published figures a preset reproduces."""
        return self.members[0]

    @property
    def centre(self) -> Member:
        """Return the agency to which citizens' dossiers go."""
        return self.shared[1] if len(self.shared) > 1 else self.members[-1]


def cast_nation(*, dedicated_count: int, shared_count: int) -> Cast:
    """Cast so many agencies. Shape: three at least; at most twice `LARGEST_COUNT` dedicated, once shared."""
    dedicated = tuple(map(_owner, range(dedicated_count)))
    shared = tuple(map(_sharer, range(shared_count)))
    hub = NodePlan(
        folder=HUB_FOLDER,
        owner=AXIS_OPERATOR,
        title="Trục liên thông",
        title_en="hub",
        below=None,
        desks=(
            *(_gateway_desk(number, (member,)) for number, member in enumerate(dedicated, 1)),
            *((_shared_desk(shared),) if shared else ()),
        ),
    )
    below = [_dedicated_node(number, member) for number, member in enumerate(dedicated, 1)]
    return Cast(
        dedicated=dedicated,
        shared=shared,
        nodes=(hub, *below, *((_shared_node(shared),) if shared else ())),
    )


def _owner(number: int) -> Member:
    """Make a province or a ministry, in turn; the first is a province."""
    ordinal, is_ministry = divmod(number, 2)
    place, numeral = _place(ordinal), f"{ordinal + 1:02d}"
    if is_ministry:
        name = f"Bộ {place}"
        return Member(code=_code(f"G{numeral}"), name=name, short=name, initials=f"B{numeral}")
    return Member(
        code=_code(f"H{numeral}"),
        name=f"Ủy ban nhân dân tỉnh {place}",
        short=f"UBND tỉnh {place}",
        initials="UBND",
        place=place,
    )


def _place(number: int) -> str:
    """Name a place; when the names are used up they come again with a numeral."""
    again, ordinal = divmod(number, len(_PLACES))
    return f"{_PLACES[ordinal]} {again + 1}" if again else _PLACES[ordinal]


def _code(root: str) -> AgencyCode:
    return AgencyCode(f"000.00.00.{root}")


# Above every code that a province of its own gets.
_SHARED_ROOT = "H99"
_SHARED_OWNER = Member(
    code=_code(_SHARED_ROOT),
    name=f"Ủy ban nhân dân tỉnh {_PROVINCE}",
    short="UBND tỉnh",
    initials="UBND",
)


def _sharer(number: int) -> Member:
    """Make the province that shares its gateway, then its departments, then its communes."""
    if number == 0:
        return _SHARED_OWNER
    code = AgencyCode(f"000.00.{number:02d}.{_SHARED_ROOT}")
    if number <= len(_DEPARTMENTS):
        name, initials = _DEPARTMENTS[number - 1]
        return Member(
            code=code,
            name=f"{name} tỉnh {_PROVINCE}",
            short=name,
            initials=initials,
            superior=_SHARED_OWNER.name,
            parent=_SHARED_OWNER.code,
        )
    place = f"Suối {_place(number)}"
    return Member(
        code=code,
        name=f"Ủy ban nhân dân xã {place}",
        short=f"UBND xã {place}",
        initials="UBND",
        place=place,
        parent=_SHARED_OWNER.code,
    )


def _gateway_desk(number: int, serves: tuple[Member, ...]) -> Desk:
    return Desk(id=_below(number), serves=serves, kind=SystemKind.GATEWAY, strict=True)


def _shared_desk(shared: tuple[Member, ...]) -> Desk:
    return Desk(id=SystemId(SHARED_FOLDER), serves=shared, kind=SystemKind.GATEWAY, strict=True)


def _below(number: int) -> SystemId:
    return SystemId(f"cong-{number:02d}")


def _dedicated_node(number: int, owner: Member) -> NodePlan:
    return NodePlan(
        folder=_below(number),
        owner=owner,
        title=f"Cổng riêng {number:02d}",
        title_en="dedicated gateway",
        below=_below(number),
        desks=(Desk(id=SystemId(f"qlvb-{number:02d}"), serves=(owner,)),),
    )


def _shared_node(shared: tuple[Member, ...]) -> NodePlan:
    return NodePlan(
        folder=SHARED_FOLDER,
        owner=shared[0],
        title="Cổng dùng chung",
        title_en="shared gateway",
        below=SystemId(SHARED_FOLDER),
        desks=tuple(
            Desk(id=SystemId(f"qlvb-chung-{number:02d}"), serves=(member,))
            for number, member in enumerate(shared, 1)
        ),
    )
