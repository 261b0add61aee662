"""What obligations of a plan add up to, rule by rule: each told by a few acts on a few days."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from gateway.model.code_lists import Business, StatusCode
from gateway.model.obligation import ObligationKind
from gateway.model.package import Amendment
from gateway.sandbox.agencies import FINANCE, HEALTH, PROVINCE, Member
from gateway.sandbox.documents import Letter
from gateway.sandbox.nation.acts import Saying, Sending
from gateway.sandbox.nation.debts import Debts, Figure

TODAY = date(2026, 3, 31)


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 3, tzinfo=UTC)


@dataclass
class Story:
    """Acts entered one after the other. The order is the province's, of 2 March, due on the 10th."""

    debts: Debts = field(default_factory=Debts)
    number: int = 0

    def write(self, sender: Member, *recipients: Member, day: int, **said: object) -> Letter:
        self.number += 1
        letter = Letter(
            sender=sender,
            recipients=recipients,
            number=self.number,
            section="VP",
            day=date(2026, 3, day),
            subject="Thử",
            paragraphs=(),
        )
        letter = replace(letter, **said)
        self.debts.enter(Sending(at=at(day), letter=letter))
        return letter

    def order(self, *recipients: Member, **said: object) -> Letter:
        told = {"steering": 1, "due_on": date(2026, 3, 10)} | said
        return self.write(PROVINCE, *(recipients or (HEALTH,)), day=2, **told)

    def petition(self) -> Letter:
        return self.order(steering=0, application_type="DON_THU")

    def say(self, letter: Letter, status: StatusCode, *, day: int, by: Member = HEALTH) -> None:
        self.debts.enter(Saying(at=at(day), letter=letter, by=by, status=status))

    def change(self, letter: Letter, business: Business, *, day: int) -> None:
        self.debts.enter(Sending(at=at(day), letter=letter, amendment=Amendment(business=business)))

    def figures(self, kind: ObligationKind = ObligationKind.TASK, of: Member = HEALTH) -> dict[Figure, int]:
        counted = self.debts.count(TODAY).get(of.code, {})
        return {figure: count for (one, figure), count in counted.items() if one is kind}


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({}, ObligationKind.TASK),
        ({"due_on": None, "task_codes": ("NV-1",)}, ObligationKind.TASK),
        ({"steering": 0, "application_type": "MCDT_DT"}, ObligationKind.DOSSIER),
        ({"steering": 0, "application_type": "DON_THU"}, ObligationKind.PETITION),
        ({"steering": 0, "application_type": "PAHT"}, ObligationKind.FIELD_REPORT),
        ({"steering": 0}, None),
        ({"due_on": None}, None),
        ({"steering": 2}, None),
    ],
)
def test_a_document_makes_its_recipients_owe(
    story: Story, said: dict[str, object], kind: ObligationKind | None
) -> None:
    """An order with a day or with codes, and what its application type says; nothing else does."""
    story.order(HEALTH, FINANCE, **said)
    for who in (HEALTH, FINANCE):
        owing = {one for one in ObligationKind if story.figures(one, who)}
        assert owing == ({kind} if kind else set())


@pytest.mark.parametrize(("day", "figure"), [(10, Figure.DONE_IN_TIME), (11, Figure.DONE_LATE)])
def test_what_ends_by_its_day_is_in_time(story: Story, day: int, figure: Figure) -> None:
    """The day counts, not the hour; who was not asked for a day is never late."""
    story.say(story.order(), StatusCode.COMPLETED, day=day)
    assert story.figures() == {figure: 1}


@pytest.mark.parametrize(
    ("due_on", "figure"), [(TODAY, Figure.OPEN_IN_TIME), (date(2026, 3, 30), Figure.OPEN_OVERDUE)]
)
def test_what_is_open_is_overdue_from_the_day_after(story: Story, due_on: date, figure: Figure) -> None:
    """On the last day itself there is still time."""
    story.order(due_on=due_on)
    assert story.figures() == {figure: 1}


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ({"type_name": "Báo cáo"}, True),
        ({"steering": 2}, True),
        ({}, False),
        ({"type_name": "Hướng dẫn"}, False),
    ],
)
def test_a_report_to_the_assigner_ends_a_task(story: Story, said: dict[str, object], ends: bool) -> None:
    """A report by its type or by what it says of itself; any other answer is only an answer."""
    order = story.order()
    story.write(HEALTH, PROVINCE, day=9, replies=(order.reply,), **said)
    assert story.figures() == {Figure.DONE_IN_TIME if ends else Figure.OPEN_OVERDUE: 1}


def test_nobody_ends_what_another_owes(story: Story) -> None:
    """Each recipient answers for itself, and to who assigned it."""
    order = story.order(HEALTH, FINANCE)
    story.write(HEALTH, PROVINCE, day=9, type_name="Báo cáo", replies=(order.reply,))
    story.write(FINANCE, HEALTH, day=9, type_name="Báo cáo", replies=(order.reply,))
    assert story.figures() == {Figure.DONE_IN_TIME: 1}
    assert story.figures(of=FINANCE) == {Figure.OPEN_OVERDUE: 1}


def test_a_task_is_reported_on_by_its_code(story: Story) -> None:
    """A document with two codes is two tasks; one reported on leaves the other."""
    story.order(task_codes=("NV-1", "NV-2"))
    story.write(HEALTH, PROVINCE, day=9, steering=2, task_codes=("NV-2",))
    assert story.figures() == {Figure.DONE_IN_TIME: 1, Figure.OPEN_OVERDUE: 1}


def test_an_update_with_a_new_day_gives_more_time(story: Story) -> None:
    """What would have been late is in time then; what has ended is not touched."""
    order, done = story.order(), story.order()
    story.say(done, StatusCode.COMPLETED, day=12)
    for letter in (order, done):
        story.change(replace(letter, due_on=date(2026, 3, 20)), Business.UPDATE, day=13)
    story.say(order, StatusCode.COMPLETED, day=20)
    assert story.figures() == {Figure.DONE_LATE: 1, Figure.DONE_IN_TIME: 1}


def test_a_recall_cancels_unless_it_is_declined(story: Story) -> None:
    """15 leaves it cancelled, 16 reinstates it; what is done stays done."""
    taken_back, kept, done = story.order(), story.order(), story.order()
    story.say(done, StatusCode.COMPLETED, day=4)
    for letter in (taken_back, kept, done):
        story.change(letter, Business.RECALL, day=5)
    story.say(taken_back, StatusCode.CHANGE_ACCEPTED, day=6)
    story.say(kept, StatusCode.CHANGE_DECLINED, day=6)
    assert story.figures() == {Figure.CANCELLED: 1, Figure.OPEN_OVERDUE: 1, Figure.DONE_IN_TIME: 1}


def test_what_is_declined_is_not_owed(story: Story) -> None:
    """02 cancels."""
    story.say(story.order(), StatusCode.DECLINED, day=3)
    assert story.figures() == {Figure.CANCELLED: 1}


def test_what_is_begun_again_is_open_again(story: Story) -> None:
    """05 after 06 reopens, and the second end counts."""
    order = story.order()
    for status, day in ((StatusCode.COMPLETED, 5), (StatusCode.PROCESSING, 6), (StatusCode.COMPLETED, 11)):
        story.say(order, status, day=day)
    assert story.figures() == {Figure.DONE_LATE: 1}


def test_a_petition_is_passed_on_to_who_owes_it_then(story: Story) -> None:
    """A transfer slip in answer to it, to another agency; sent back to the sender it passes nothing on."""
    petition, other = story.petition(), story.petition()
    slip = {"type_name": "Phiếu chuyển", "application_type": "DON_THU"}
    story.write(HEALTH, FINANCE, day=5, replies=(petition.reply,), **slip)
    story.write(HEALTH, PROVINCE, day=5, type_name="Phiếu chuyển", replies=(other.reply,))
    assert story.figures(ObligationKind.PETITION) == {Figure.PASSED_ON: 1, Figure.OPEN_OVERDUE: 1}
    assert story.figures(ObligationKind.PETITION, FINANCE) == {Figure.OPEN_IN_TIME: 1}


def test_a_petition_ends_by_guidance_to_its_sender(story: Story) -> None:
    """Guidance in answer to it; sent to anybody else it guides nobody."""
    petition, other = story.petition(), story.petition()
    story.write(HEALTH, PROVINCE, day=5, type_name="Hướng dẫn", replies=(petition.reply,))
    story.write(HEALTH, FINANCE, day=5, type_name="Hướng dẫn", replies=(other.reply,))
    assert story.figures(ObligationKind.PETITION) == {Figure.GUIDED: 1, Figure.OPEN_OVERDUE: 1}
