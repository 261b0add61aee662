"""What can be done with a document, offered on its page by whoever can do it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from gateway.exchange.dossier import Dossier
from gateway.model.report import Words
from gateway.web.console.visitor import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAction:
    """One button on a document's page.

    Shape: address is whole, with the console's prefix; with a question it is posted to once that is answered
    (the form's field ``reason`` when a reason is asked for), without one it is a link. Without an address it
    is no button, and says where else this is done.
    """

    address: str
    words: Words
    icon: str
    question: Words | None = None
    explanation: Words | None = None
    asks_reason: bool = False
    is_dangerous: bool = False


class DocumentActions(Protocol):
    """Offers what a visitor may do with a document; nothing, when it is not his to do."""

    def offered(self, visitor: Visitor, dossier: Dossier) -> Iterable[DocumentAction]:
        """List the buttons, in their order."""
        ...
