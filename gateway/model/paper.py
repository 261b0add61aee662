"""A paper: something written here for people, as a file that can be sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One file with its name, its media type and its bytes."""

    name: str
    media_type: str
    content: bytes
