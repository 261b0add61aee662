"""What is checked, and what was found."""

from __future__ import annotations

import contextlib
import struct
from collections import Counter
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from gateway.evidence.verifier.forms import Wrong

# In the order in which they are told: Vietnamese, English, and what is expected.
CHECKS = {
    "container": ("Tệp chứa", "container", "ASiC-E, không byte nào thừa · every byte accounted for"),
    "lists": ("Danh mục", "lists", "nêu đúng mọi phần · name every part, and nothing else"),
    "holder": ("Chứng thư của dấu", "seal's certificate", "của cổng, tới gốc tin cậy · leads to an anchor"),
    "seal": ("Chữ ký XAdES", "XAdES signature", "trên mọi phần, bằng dấu của cổng · over every part"),
    "checkpoint": ("Điểm chốt", "checkpoint", "do nhật ký của cổng ký · signed by the gateway's log"),
    "history": ("Điểm chốt khác", "other checkpoints", "cùng một nhật ký · proved to be of one log"),
    "stamps": ("Dấu thời gian", "timestamps", "RFC 3161, trên điểm chốt · over the checkpoints"),
    "entries": ("Mục nhật ký", "log entries", "nằm trong nhật ký · each proved to be in the log"),
    "receipts": ("Biên nhận", "receipts", "ký đúng, chứng thư có hiệu lực · signed, valid at that instant"),
    "packages": ("Gói tin", "packages", "đúng từng byte đã xác nhận · the very bytes that were stated"),
    "order": ("Thứ tự", "order", "không việc nào trước cớ của nó · nothing comes before its cause"),
    "record": ("Bản ghi đọc được", "readable record", "khớp lời xác nhận · agrees with the statements"),
}
FAULTS_TOLD = 20


class Findings:
    """What was found at each check, what is wrong, and what leads to no anchor."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {check: [] for check in CHECKS}
        self.faults: dict[str, list[str]] = {check: [] for check in CHECKS}
        self.open: set[str] = set()
        self.empty: set[str] = set()
        self.reached: set[str] = set()
        self.counts: Counter[str] = Counter()

    @contextlib.contextmanager
    def checking(self, check: str, where: str = "") -> Iterator[None]:
        """Let whatever goes wrong be a fault of one check; a wrong bundle must never stop the verifier."""
        self.reached.add(check)
        try:
            yield
        except (Wrong, ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            self.faults[check].append(f"{where} {error}".strip())
        except (
            RecursionError,
            MemoryError,
            struct.error,
            InvalidSignature,
            UnsupportedAlgorithm,
            x509.ExtensionNotFound,
        ):
            self.faults[check].append(f"{where} không đọc được · unreadable".strip())

    def tell(self, check: str, text: str, count: int = 1) -> None:
        """Say what was found, when there was any."""
        if count:
            self.found[check].append(text)

    def tell_none(self, check: str, text: str) -> None:
        """Say that a bundle has nothing of a kind; what was not there does not hold."""
        self.empty.add(check)
        self.tell(check, text)

    def verdict(self, check: str) -> str:
        """Judge one check: ``holds``, ``wrong``, ``open`` (leads to no anchor), ``empty`` (nothing there)."""
        if self.faults[check] or check not in self.reached:
            return "wrong"
        return "open" if check in self.open else "empty" if check in self.empty else "holds"

    @property
    def exit_code(self) -> int:
        """0 when all holds, 1 when something is wrong, 3 when something is open."""
        verdicts = {self.verdict(check) for check in CHECKS}
        return 1 if "wrong" in verdicts else 3 if "open" in verdicts else 0
