"""Log entries as sentences: in both languages, agencies by their names, nothing a clerk cannot read aloud."""

import re

import pytest

from gateway.errors import Fault
from gateway.exchange.narration import narrate, narrate_proof
from gateway.exchange.sentences import ACTS, SENTENCES
from gateway.exchange.words import delay_words, warning_words
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.web.console.entries import end_sentence
from gateway.web.console.fault_groups import group_faults, write_ranges

NAMES = {"H57": "Sở Y tế", "H58": "Sở Tài chính", "H59": "Sở Nội vụ", "H60": "Sở Xây dựng"}
ACCEPTED = {
    "sender": "H57",
    "recipients": list(NAMES),
    "system": "SYT",
    "signature": "absent",
    "warnings": ["signature-absent", "attachment-missing", "recalled-before-it-came"],
    "evidence": ["SubmissionAcceptance", "ContentConsignment"],
}
FAULT = {"rule": "delivery-expired", "where": "", "vi": "Quá hạn chuyển.", "en": "It took too long."}


def name(code: AgencyCode) -> str:
    return NAMES[code]


def fields_of(sentence: str) -> list[str]:
    return sorted(re.findall(r"{(\w+)[^}]*}", sentence))


def test_every_kind_of_entry_has_a_sentence_in_both_languages() -> None:
    """And both tell the same facts; an entry without facts is told with question marks, not with an error."""
    assert set(SENTENCES) == set(LogKind)
    for vi, en in (*SENTENCES.values(), *ACTS.values()):
        assert fields_of(vi) == fields_of(en)
    for kind in set(LogKind) - {LogKind.CONTRADICTED}:
        assert all(narrate(kind, {}))


def test_an_acceptance_is_told_with_names_and_its_oddities_in_words() -> None:
    """No code of an agency or a rule; what the signature lacks is said once; many recipients are counted."""
    vi, en = narrate(LogKind.ACCEPTED, ACCEPTED, name)
    assert vi == (
        "văn bản mới của Sở Y tế gửi Sở Y tế, Sở Tài chính, Sở Nội vụ và 1 nơi khác, từ hệ thống SYT;"
        " chữ ký số: không có; lưu ý: danh mục nêu tệp thứ … nhưng gói tin không có nội dung của nó;"
        " văn bản đã bị thu hồi trước khi đến"
    )
    assert en.startswith("new document of Sở Y tế to Sở Y tế, Sở Tài chính, Sở Nội vụ and 1 other")


def test_commands_and_bundles_have_the_rungs_behind_the_sentence() -> None:
    """By our name and the standard's."""
    vi, en = narrate_proof(LogKind.ACCEPTED, ACCEPTED)
    rungs = " [tiếp nhận gói tin gửi · SubmissionAcceptance, đã vào hộp chờ nhận · ContentConsignment]"
    assert vi.endswith(rungs)
    assert en.endswith(rungs)


@pytest.mark.parametrize(
    ("kind", "facts", "vi", "en"),
    [
        (
            LogKind.DISTRUSTED,
            {"operation": "sendEdoc", "claimed": "SYT", "code": "bad-signature"},
            "gọi sendEdoc xưng là SYT: sai chữ ký, tức sai khóa bí mật (bad-signature)",
            "a call of sendEdoc, claiming to be SYT: a wrong signature, so a wrong secret (bad-signature)",
        ),
        (
            LogKind.ADMINISTERED,
            {"by": "an", "act": "dispatch-resent", "recipients": ["H58"]},
            "an: gửi lại cho Sở Tài chính",
            "an: sent it again to Sở Tài chính",
        ),
        (
            LogKind.DISTRUSTED,
            {"operation": "oidc", "code": "iss"},
            "gọi oidc xưng là ?: iss",
            "a call of oidc, claiming to be ?: iss",
        ),
        (
            LogKind.EXPIRED,
            {"recipients": ["H58"], "code": "delivery-expired", "faults": [FAULT]},
            "không chuyển được cho Sở Tài chính: Quá hạn chuyển",
            "it could not be delivered to Sở Tài chính: It took too long",
        ),
        (
            LogKind.DEFERRED,
            {"attempt": 2, "code": "axis-away"},
            "lần thử 2 chưa chuyển được: không liên lạc được với trục",
            "attempt 2 did not succeed: the axis could not be reached",
        ),
        (
            LogKind.CONFIRMED,
            {"system": "STC", "by": "lan", "recipient": "H58"},
            "hệ thống STC (lan) xác nhận đã nhận gói tin gửi Sở Tài chính",
            "system STC (lan) confirmed that it has what was for Sở Tài chính",
        ),
        (
            LogKind.OVERDUE,
            {"recipients": ["H58"], "expected": "ContentConsignment", "since": "2026-11-26T07:52:00.000000Z"},
            "chưa thấy “đã vào hộp chờ nhận” của Sở Tài chính, chờ từ 26/11/2026 14:52",
            "no “consigned to the recipient's mailbox” of Sở Tài chính, expected since 26 Nov 2026 14:52",
        ),
        (
            LogKind.ACCEPTED,
            {"sender": "H57", "recipients": ["H58"], "direction": "own"},
            "văn bản mới của Sở Y tế gửi Sở Tài chính, do nút này tự viết; chữ ký số: không có",
            "new document of Sở Y tế to Sở Tài chính, written by this node itself; signature: absent",
        ),
        (
            LogKind.REMINDED,
            {"agency": "H58", "obligations": ["a", "b"], "escalated": ["c"], "ways": ["document", "mail"]},
            "nhắc Sở Tài chính: 2 việc phải làm, 1 việc đã giao bị quá hạn, bằng văn bản qua trục liên thông,"
            " bằng thư điện tử",
            "reminded Sở Tài chính of 2 obligations, 1 overdue that it assigned, by a document through the"
            " exchange, by mail",
        ),
        (
            LogKind.ADMINISTERED,
            {
                "act": "report-sent",
                "by": "schedule",
                "details": {"span": "quarter", "until": "2026-06-30", "addressee": "H58"},
            },
            "schedule: gửi báo cáo quý, đến 2026-06-30, cho Sở Tài chính",
            "schedule: sent the report of a quarter, up to 2026-06-30, to Sở Tài chính",
        ),
        (
            LogKind.ADMINISTERED,
            {"act": "log-verified", "by": "an", "details": {"size": 1204, "checkpoints": 1, "faults": 1}},
            "an: kiểm tra toàn bộ nhật ký, 1204 mục, 1 điểm chốt: SAI, 1 lỗi",
            "an: verified the whole log, 1,204 entries, 1 checkpoint: WRONG, 1 fault",
        ),
        (LogKind.AMENDED, {"business": 1}, "bên gửi thu hồi văn bản", "the sender recalled the document"),
        (
            LogKind.ACCEPTED,
            {"sender": "H58", "recipients": ["H57"], "status": "03", "direction": "inbound"},
            "trả lời “đã tiếp nhận” của Sở Tài chính gửi Sở Y tế, đến từ trục",
            "answer “received” of Sở Tài chính to Sở Y tế, come from the axis",
        ),
        (
            LogKind.ADMINISTERED,
            {
                "act": "user-added",
                "by": "an",
                "user": "lan",
                "details": {"role": "viewer", "agencies": "all"},
            },
            "an: thêm người dùng lan (?), vai trò người xem, cơ quan tất cả",
            "an: added user lan (?), role viewer, agencies all",
        ),
    ],
)
def test_an_entry_is_told(kind: LogKind, facts: dict[str, object], vi: str, en: str) -> None:
    """In Vietnamese and in English, with the words of its fault and not its code."""
    assert narrate(kind, facts, name) == (vi, en)


def test_a_code_nobody_knows_is_told_as_it_is() -> None:
    """Better than nothing."""
    assert warning_words("of-another-node") == ("of-another-node", "of-another-node")
    assert delay_words(None) == ("?", "?")


def test_a_sentence_has_one_stop() -> None:
    """Whether or not what it quotes had one."""
    assert end_sentence("không chuyển được: quá hạn..") == "Không chuyển được: quá hạn."


def test_many_faults_of_one_rule_are_told_once_with_ranges() -> None:
    """In the words of the reader's language; what has no number is named as it is."""
    faults = [
        Fault(rule="entry-altered", where=f"mục {seq} · entry {seq}", vi="sai", en="wrong")
        for seq in (3, 4, 5, 9, 12, 11)
    ]
    tile = Fault(rule="tile-altered", where="tile 0/3", vi="ô sai", en="bad tile")
    whole = Fault(rule="log-unvouched", vi="chưa ký", en="unsigned")
    altered, of_tile, of_all = group_faults([faults[0], tile, *faults[1:], whole])
    assert (altered.count, altered.places) == (6, ("mục 3–5, 9, 11–12", "entry 3–5, 9, 11–12"))
    assert (of_tile.words, of_tile.places) == (("ô sai", "bad tile"), ("tile 0/3", "tile 0/3"))
    assert of_all.places == ("", "")
    assert write_ranges([]) == ""
