"""What is suggested as the notation of a document."""

import pytest

from gateway.edxml.document_types import usual_notation


@pytest.mark.parametrize(
    ("type_name", "agency", "notation"),
    [
        ("Quyết định", "Ủy ban nhân dân xã Suối Mẫu", "QĐ-UBND"),
        ("Báo cáo", "UBND phường Thử Nghiệm", "BC-UBND"),
        ("Nghị quyết", "Hội đồng nhân dân tỉnh Thử Nghiệm", "NQ-HĐND"),
        ("Kế hoạch", "Sở Giáo dục và Đào tạo thành phố Thử Nghiệm", "KH-SGDĐT"),
        ("Thông báo", "Bảo hiểm xã hội tỉnh Thử Nghiệm", "TB-BHXH"),
        ("Tờ trình", "Ủy ban nhân dân Quận 1", "TTr-UBND"),
        ("Công văn", "Bộ Thử Nghiệm", "BTN"),
        ("Thư công", "", ""),
    ],
)
def test_a_notation_is_suggested_from_type_and_sender(type_name: str, agency: str, notation: str) -> None:
    """The type's abbreviation, then the agency's, which leaves out the place, tones and joining words."""
    assert usual_notation(type_name, agency) == notation
