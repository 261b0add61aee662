"""Ordinary correspondence: documents of every type, what their recipients say, and what senders change."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gateway.model.code_lists import Priority, StatusCode
from gateway.sandbox.agencies import Member
from gateway.sandbox.nation.drafting import OFFICIAL_LETTER, Draft, Pad

# The 29 types of administrative documents and how often each is written.
# Source: Nghị định 30/2020/NĐ-CP, article 7; the weights are a guess.
TYPE_WEIGHTS: dict[str, int] = {
    "Nghị quyết": 8,
    "Quyết định": 60,
    "Chỉ thị": 6,
    "Quy chế": 4,
    "Quy định": 4,
    "Thông cáo": 2,
    "Thông báo": 40,
    "Hướng dẫn": 12,
    "Chương trình": 6,
    "Kế hoạch": 30,
    "Phương án": 6,
    "Đề án": 4,
    "Dự án": 4,
    "Báo cáo": 50,
    "Biên bản": 6,
    "Tờ trình": 40,
    "Hợp đồng": 4,
    OFFICIAL_LETTER: 300,
    "Công điện": 6,
    "Bản ghi nhớ": 2,
    "Bản thỏa thuận": 2,
    "Giấy ủy quyền": 3,
    "Giấy mời": 50,
    "Giấy giới thiệu": 10,
    "Giấy nghỉ phép": 2,
    "Phiếu gửi": 10,
    "Phiếu chuyển": 10,
    "Phiếu báo": 6,
    "Thư công": 3,
}
_SUBJECTS = (
    "Triển khai kế hoạch công tác năm",
    "Tham gia ý kiến đối với dự thảo văn bản",
    "Cung cấp số liệu phục vụ công tác tổng hợp",
    "Tổ chức hội nghị sơ kết",
    "Tăng cường kỷ luật, kỷ cương hành chính",
    "Phối hợp kiểm tra công tác văn thư, lưu trữ",
)
_PRIORITIES = (Priority.NORMAL, Priority.URGENT, Priority.VERY_URGENT, Priority.EXPRESS)
_PRIORITY_WEIGHTS = (90, 6, 3, 1)
# What a recipient says in the end, beside 01, which is said by itself. Most DMSs of today say little.
_COURSES: dict[tuple[StatusCode, ...], int] = {
    (): 62,
    (StatusCode.RECEIVED,): 18,
    (StatusCode.RECEIVED, StatusCode.COMPLETED): 10,
    (StatusCode.RECEIVED, StatusCode.ASSIGNED, StatusCode.PROCESSING, StatusCode.COMPLETED): 4,
    (StatusCode.COMPLETED, StatusCode.PROCESSING, StatusCode.COMPLETED): 1,
    (StatusCode.RECEIVED, StatusCode.PROCESSING): 2,
    (StatusCode.DECLINED,): 3,
}
# Answers come within so many moments; most documents are dated the day they leave.
_SOON = 12
_DATED_BEFORE = 0.1


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Plans documents for which nothing is owed."""

    pad: Pad
    rng: Random

    def write(
        self,
        sender: Member,
        recipients: Sequence[Member],
        type_name: str,
        *,
        may_decline: bool = True,
        before: int | None = None,
    ) -> None:
        """Plan one document and what its recipients say, all of it before a moment."""
        count = self.pad.timetable.count
        before = count if before is None else before
        draft = self._draft(sender, recipients, type_name, self._moment(left=count - before))
        for recipient in recipients:
            (course,) = self.rng.choices(list(_COURSES), list(_COURSES.values()))
            if may_decline or StatusCode.DECLINED not in course:
                self._say(draft, recipient, course, before=before)

    def write_and_recall(self, sender: Member, recipients: Sequence[Member], type_name: str) -> None:
        """Plan a document that is taken back; who holds it agrees or not."""
        draft = self._draft(sender, recipients, type_name, self._moment(left=2))
        self.pad.recall(draft, draft.moment + 1)
        for recipient in recipients:
            agreed = self.rng.random() < 0.8
            status = StatusCode.CHANGE_ACCEPTED if agreed else StatusCode.CHANGE_DECLINED
            self.pad.say(draft, recipient, status, draft.moment + 2)

    def write_and_add(self, sender: Member, recipient: Member, added: Member, type_name: str) -> None:
        """Plan a document that goes to one more recipient later."""
        draft = self._draft(sender, (recipient,), type_name, self._moment(left=2))
        self.pad.update(draft, draft.moment + 1, added=added)
        self.pad.say(draft, recipient, StatusCode.CHANGE_ACCEPTED, draft.moment + 2)
        self.pad.say(draft, added, StatusCode.RECEIVED, draft.moment + 2)

    def write_and_replace(self, sender: Member, recipients: Sequence[Member], type_name: str) -> None:
        """Plan a document and another that takes its place."""
        old = self._draft(sender, recipients, type_name, self._moment(left=2))
        new = self._draft(sender, recipients, type_name, old.moment + 1)
        new.replaces = old
        for recipient in recipients:
            self.pad.say(new, recipient, StatusCode.RECEIVED, old.moment + 2)

    def any_type(self) -> str:
        """Choose a type, as often as each is written."""
        return self.rng.choices(list(TYPE_WEIGHTS), list(TYPE_WEIGHTS.values()))[0]

    def _draft(self, sender: Member, recipients: Sequence[Member], type_name: str, moment: int) -> Draft:
        times, rng = self.pad.timetable, self.rng
        today = times.days.index(times.day(moment))
        dated_before = today > 0 and rng.random() < _DATED_BEFORE
        return self.pad.send(
            Draft(
                sender=sender,
                recipients=tuple(recipients),
                moment=moment,
                type_name=type_name,
                subject=rng.choice(_SUBJECTS),
                day=times.days[today - 1] if dated_before else None,
                priority=rng.choices(_PRIORITIES, _PRIORITY_WEIGHTS)[0],
            )
        )

    def _say(self, draft: Draft, recipient: Member, course: Sequence[StatusCode], *, before: int) -> None:
        room = range(draft.moment + 1, min(before, draft.moment + 1 + _SOON))
        if len(room) >= len(course):
            for moment, status in zip(sorted(self.rng.sample(room, len(course))), course, strict=True):
                self.pad.say(draft, recipient, status, moment)

    def _moment(self, *, left: int = 0) -> int:
        """Choose a moment with so many behind it."""
        return self.rng.randrange(self.pad.timetable.count - left)
