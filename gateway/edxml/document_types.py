"""The types of document (loại văn bản): names, numbers and abbreviations.

The numbers mean different things to different producers, so a type is told by its name, then by the
abbreviation in the notation.
Source: SĐ1:2022 to QCVN 102:2016, annex (groups A and B); Nghị định 30/2020/NĐ-CP for abbreviations.
"""

import re
import unicodedata

from gateway.model.package import DocumentType
from gateway.model.text import fold

LEGAL, ADMINISTRATIVE = 1, 2

_LEGAL_NAMES = (
    "Hiến pháp",
    "Luật",
    "Pháp lệnh",
    "Lệnh",
    "Nghị quyết",
    "Nghị quyết liên tịch",
    "Nghị định",
    "Quyết định",
    "Thông tư",
    "Thông tư liên tịch",
    "Chỉ thị",
    "Bộ luật",
    "Văn bản quy phạm pháp luật của đơn vị hành chính - kinh tế đặc biệt",
)

# Number in the annex is the place in this list; an empty abbreviation means the type has none.
_ADMINISTRATIVE_TYPES = (
    ("Nghị quyết", "NQ"),
    ("Quyết định", "QĐ"),
    ("Chỉ thị", "CT"),
    ("Quy chế", "QC"),
    ("Quy định", "QyĐ"),
    ("Thông cáo", "TC"),
    ("Thông báo", "TB"),
    ("Hướng dẫn", "HD"),
    ("Chương trình", "CTr"),
    ("Kế hoạch", "KH"),
    ("Phương án", "PA"),
    ("Đề án", "ĐA"),
    ("Dự án", "DA"),
    ("Báo cáo", "BC"),
    ("Biên bản", "BB"),
    ("Tờ trình", "TTr"),
    ("Hợp đồng", "HĐ"),
    ("Công văn", ""),
    ("Công điện", "CĐ"),
    ("Bản ghi nhớ", "BGN"),
    ("Bản cam kết", ""),
    ("Bản thỏa thuận", "BTT"),
    ("Giấy chứng nhận", ""),
    ("Giấy ủy quyền", "GUQ"),
    ("Giấy mời", "GM"),
    ("Giấy giới thiệu", "GGT"),
    ("Giấy nghỉ phép", "GNP"),
    ("Giấy đi đường", ""),
    ("Giấy biên nhận hồ sơ", ""),
    ("Phiếu gửi", "PG"),
    ("Phiếu chuyển", "PC"),
    ("Thư công", ""),
)

TYPE_NAMES = tuple(dict.fromkeys((*(name for name, _ in _ADMINISTRATIVE_TYPES), *_LEGAL_NAMES)))
"""Every type that has a name, those of everyday administration first."""

# What begins the name of a place in an agency's name (xã hội is none), and what no abbreviation counts.
_PLACE = re.compile(
    r"\s(?i:tỉnh|thành phố|huyện|quận|xã|phường|thị xã|thị trấn|đặc khu)\s+(?=(\S))",
)
_JOINING = frozenset({"và", "các", "của"})
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))

OFFICIAL_LETTER = DocumentType(group=ADMINISTRATIVE, detail=18, name="Công văn")


# Where both groups have a name (Quyết định), the administrative one is meant far more often.
_BY_NAME = {
    fold(name): DocumentType(group=LEGAL, detail=number, name=name)
    for number, name in enumerate(_LEGAL_NAMES, 1)
} | {
    fold(name): DocumentType(group=ADMINISTRATIVE, detail=number, name=name)
    for number, (name, _) in enumerate(_ADMINISTRATIVE_TYPES, 1)
}

# A type of NĐ 30 to which the annex gives no number.
_ABBREVIATIONS = {**dict(_ADMINISTRATIVE_TYPES), "Phiếu báo": "PB"}

_BY_ABBREVIATION = {
    abbreviation.upper(): DocumentType(group=ADMINISTRATIVE, detail=number, name=name)
    for number, (name, abbreviation) in enumerate(_ADMINISTRATIVE_TYPES, 1)
    if abbreviation
}


def resolve_type(stated: DocumentType, notation: str) -> DocumentType:
    """Complete a document's type: by its name, then by the notation, then as an official letter.

    Shape: all three parts of the result are set; a name in no list is kept as it is.
    """
    named = _BY_NAME.get(fold(stated.name)) if stated.name else None
    if named is not None:
        return _legal_twin(named) if stated.group == LEGAL else named
    if stated.name:
        return DocumentType(group=stated.group or ADMINISTRATIVE, detail=stated.detail or 0, name=stated.name)
    first = notation.rpartition("/")[2].partition("-")[0].strip().upper()
    return _BY_ABBREVIATION.get(first, OFFICIAL_LETTER)


def abbreviation_of(name: str) -> str:
    """Return how an administrative type is told in a notation; empty when it has none."""
    return _ABBREVIATIONS.get(name, "")


def usual_notation(type_name: str, agency_name: str) -> str:
    """Write the notation that an agency's documents of a type usually have: ``QĐ-UBND``, ``BC-SYT``.

    Shape: of an official letter it is the agency's part alone; the unit that drafted it follows in practice.
    Source: Nghị định 30/2020/NĐ-CP, annex I, II.3.
    """
    return "-".join(filter(None, (abbreviation_of(type_name), _initials_of(agency_name))))


def _initials_of(name: str) -> str:
    """Abbreviate an agency without the place it is of: Sở Giáo dục và Đào tạo tỉnh … is SGDĐT."""
    places = (found for found in _PLACE.finditer(name) if found[1].isupper() or found[1].isdigit())
    kept = name[: next((found.start() for found in places), None)].split()
    initials = (word if word.isupper() else word[0].upper() for word in kept if word.lower() not in _JOINING)
    return "".join(sign for each in initials for sign in _without_tones(each) if sign.isalpha())


def _without_tones(text: str) -> str:
    # Ủy ban is UB, but Đ, Ô, Ư are letters of their own.
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", apart.translate(_TONES))


def _legal_twin(named: DocumentType) -> DocumentType:
    if named.name not in _LEGAL_NAMES:
        return named
    return DocumentType(group=LEGAL, detail=_LEGAL_NAMES.index(named.name) + 1, name=named.name)
