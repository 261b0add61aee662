"""The closed lists of the standard, with their names in Vietnamese and English."""

from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """What a package carries."""

    DOCUMENT = "document"
    STATUS = "status"


class Business(IntEnum):
    """What a document package does to its thread (loại nghiệp vụ, ``BussinessDocType``)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3

    @property
    def vi(self) -> str:
        """Name it for a Vietnamese reader."""
        return ("văn bản mới", "thu hồi", "cập nhật", "thay thế")[self]


class Priority(IntEnum):
    """How urgent a document is (độ khẩn). Anything above NORMAL goes first."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    EXPRESS = 3
    EXPRESS_AT_HOUR = 4

    @property
    def vi(self) -> str:
        """Name it for a Vietnamese reader."""
        return ("thường", "khẩn", "thượng khẩn", "hỏa tốc", "hỏa tốc hẹn giờ")[self]


class StatusCode(StrEnum):
    """What an agency says about a document it got (13: about one it sent). Two digits on the wire.

    Source: QĐ 28/2018 and the axis's status list; 07–12 and 14 are in no list.
    """

    ARRIVED = "01"
    DECLINED = "02"
    RECEIVED = "03"
    ASSIGNED = "04"
    PROCESSING = "05"
    COMPLETED = "06"
    TAKE_BACK = "13"
    CHANGE_ACCEPTED = "15"
    CHANGE_DECLINED = "16"

    @property
    def vi(self) -> str:
        """Name it for a Vietnamese reader."""
        return STATUS_NAMES[self][0]

    @property
    def en(self) -> str:
        """Name it for an English reader."""
        return STATUS_NAMES[self][1]


STATUS_NAMES: dict[StatusCode, tuple[str, str]] = {
    StatusCode.ARRIVED: ("đã đến", "arrived"),
    StatusCode.DECLINED: ("từ chối tiếp nhận", "declined"),
    StatusCode.RECEIVED: ("đã tiếp nhận", "received"),
    StatusCode.ASSIGNED: ("phân công", "assigned"),
    StatusCode.PROCESSING: ("đang xử lý", "processing"),
    StatusCode.COMPLETED: ("hoàn thành", "completed"),
    StatusCode.TAKE_BACK: ("lấy lại", "take back"),
    StatusCode.CHANGE_ACCEPTED: ("đồng ý lấy lại / cập nhật", "change accepted"),
    StatusCode.CHANGE_DECLINED: ("từ chối lấy lại / cập nhật", "change declined"),
}

# Codes whose sender owes a reason: a declined document goes back to somebody who must know why.
REASON_OWED = frozenset({StatusCode.DECLINED, StatusCode.CHANGE_DECLINED})
