"""What stands in the address of a page that is asked something: fields by name, in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import urlencode

from gateway.web.console.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The fields of an address. What is not understood counts as not there.

    Shape: NAMES are the fields in the order in which they stand there, PLACE where a page of a list begins,
    which is no part of the question; LONGEST is how much is read of a field.
    """

    NAMES: ClassVar[tuple[str, ...]] = ()
    PLACE: ClassVar[str] = "after"
    LONGEST: ClassVar[int] = 200

    fields: Mapping[str, str]

    @classmethod
    def of(cls, form: Form) -> Self:
        """Take what belongs to the question out of an address or a form."""
        return cls(fields=cls.read(form))

    @classmethod
    def read(cls, form: Form) -> dict[str, str]:
        """Read the fields that are not empty."""
        fields = {name: form.text(name)[: cls.LONGEST] for name in cls.NAMES}
        return {name: text for name, text in fields.items() if text}

    def text(self, name: str) -> str:
        """Return a field; empty when it is not there."""
        return self.fields.get(name, "")

    def write(self, **changed: str) -> str:
        """Write it as the query of an address, some fields changed, those that become empty left out."""
        fields = {**self.fields, **changed}
        return urlencode([(name, fields[name]) for name in (*self.NAMES, self.PLACE) if fields.get(name)])
