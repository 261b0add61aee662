"""Names and media types of attached files, believed only as far as the bytes bear them out."""

import re
import unicodedata

from gateway.model.text import normalise

OCTETS = "application/octet-stream"
_LONGEST_NAME_BYTES = 240
_LONGEST_RAW = 4096
_UNNAMED = "tep-dinh-kem"
_UNSAFE = re.compile(r'[<>:"|?*\\/]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_EXTENSION = re.compile(r"\.((?=\d*[A-Za-z])[0-9A-Za-z]{1,8})$")

# Formats that are zip archives themselves and must not be taken for a wrapped file.
ZIP_CONTAINERS = frozenset(
    {"zip", "docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "ppsx", "vsdx"}
    | {"odt", "ods", "odp", "odg", "jar", "epub", "asice", "asics", "kmz", "apk"}
)

_TYPE_OF = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "zip": "application/zip",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
    "rtf": "application/rtf",
    "txt": "text/plain",
    "csv": "text/csv",
    "xml": "application/xml",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
}

EXTENSION_OF = {media_type: extension for extension, media_type in reversed(_TYPE_OF.items())}
EXTENSION_OF |= {"application/docx": "docx", "application/doc": "doc", "image/jpg": "jpg"}

# Where a format begins with a mark of its own, the mark decides: the extensions it allows, default first.
_MARKS: tuple[tuple[bytes, tuple[str, ...]], ...] = (
    (b"%PDF-", ("pdf",)),
    (b"PK\x03\x04", ("zip", *sorted(ZIP_CONTAINERS - {"zip"}))),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ("doc", "xls", "ppt")),
    (b"\xff\xd8\xff", ("jpg", "jpeg")),
    (b"\x89PNG\r\n\x1a\n", ("png",)),
    (b"GIF8", ("gif",)),
    (b"II*\x00", ("tif", "tiff")),
    (b"MM\x00*", ("tif", "tiff")),
    (b"{\\rtf", ("rtf",)),
    (b"7z\xbc\xaf\x27\x1c", ("7z",)),
    (b"Rar!\x1a\x07", ("rar",)),
)
_UNMARKED = frozenset({"txt", "csv", "xml"})
HEAD_BYTES = 16


def extension_of(name: str) -> str:
    """Return a name's extension in lower case, empty when it has none."""
    found = _EXTENSION.search(name)
    return found[1].lower() if found else ""


def safe_name(raw: str | None) -> str:
    """Make a name that is only a name: no folders, no control or invisible signs, diacritics kept.

    Shape: at most 240 bytes of UTF-8, NFC, the extension kept.
    """
    text = normalise((raw or "")[-_LONGEST_RAW:]).replace("\\", "/").rpartition("/")[2]
    text = "".join(sign for sign in text if unicodedata.category(sign)[0] != "C")
    text = " ".join(_UNSAFE.sub("_", text).split()).strip(". ")
    if not text or _DEVICES.match(text):
        text = f"{_UNNAMED}-{text}" if text else _UNNAMED
    return _shorten(text)


def name_extension(head: bytes, stated: str) -> str:
    """Return the extension for a file without one: its first bytes decide, then what is stated."""
    for mark, allowed in _MARKS:
        if head.startswith(mark):
            return stated if stated in allowed else allowed[0]
    return stated


def tell_media_type(head: bytes, extension: str) -> str:
    """Tell a file's media type by its first bytes, then by its extension.

    Shape: one of a closed list of harmless types; whatever a browser might run is octets.
    """
    for mark, allowed in _MARKS:
        if head.startswith(mark):
            return _TYPE_OF.get(extension if extension in allowed else allowed[0], OCTETS)
    return _TYPE_OF[extension] if extension in _UNMARKED else OCTETS


def _shorten(text: str) -> str:
    tail = text[-len(extension_of(text)) - 1 :] if extension_of(text) else ""
    stem = text.removesuffix(tail).encode()[: _LONGEST_NAME_BYTES - len(tail)]
    return stem.decode(errors="ignore").rstrip() + tail
