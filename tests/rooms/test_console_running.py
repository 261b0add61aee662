"""The pages of who runs the node: systems, agencies, certificates, settings, alerts."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from tests.console import Browser, Page, Site, open_site
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH

NEW = AgencyCode("000.00.31.H57")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path / "node") as site:
        yield site


@pytest.fixture
async def operator(site: Site) -> AsyncIterator[Browser]:
    async with site.visitor("operator") as browser:
        yield browser


def acts(site: Site) -> list[tuple[str, str]]:
    """What was administered in the console, by whom."""
    told = site.node.log(LogKind.ADMINISTERED)
    return [(entry["act"], entry["by"]) for entry in told if entry["by"] in set(UserRole)]


async def test_a_new_agency_gets_a_system_whose_secret_is_shown_once(site: Site, operator: Browser) -> None:
    """From nothing to a DMS that sends: agency, system, secret, first package."""
    written = await operator.post("/agencies/add", code=NEW, name="UBND xã Thử Nghiệm")
    assert written.status == 303
    connected = await operator.post("/systems/connect", system="XA", kind="dms", serves=NEW, policy="warn")
    assert connected.status == 303
    shown = await operator.get(connected.headers["Location"].removeprefix("/console"))
    secret = re.search(r'id="secret">([^<]+)<', shown.text)
    assert secret is not None
    again = await operator.get(connected.headers["Location"].removeprefix("/console"))
    assert (again.status, secret[1] in again.text) == (410, False)
    site.node.secrets["XA"] = secret[1]
    letter = document(Sent(sender=NEW, number="1"), [HEALTH])
    assert (await site.node.dms("XA").send(letter, sender=NEW)).ok
    assert acts(site) == [("agency-written", "operator"), ("system-connected", "operator")]


async def test_an_agency_without_a_program_gets_a_mailbox_in_this_console(
    site: Site, operator: Browser
) -> None:
    """No secret is made or spoken of; what is sent to it waits for its people here."""
    await operator.post("/agencies/add", code=NEW, name="UBND xã Thử Nghiệm")
    opened = await operator.post("/systems/connect", system="XA", kind="console", serves=NEW, policy="warn")
    assert opened.headers["Location"] == "/console/systems/of/XA"
    page = await operator.get("/systems/of/XA")
    assert "Làm việc trên trang quản trị này" in page.text
    assert "/rotate" not in page.text
    assert "SystemID" not in page.text
    assert (
        await site.node.dms("SYT").send(document(Sent(sender=HEALTH, number="1"), [NEW]), sender=HEALTH)
    ).ok
    assert "UBND xã Thử Nghiệm" in (await operator.get("/mailbox")).text


async def test_a_secret_is_shown_to_nobody_but_who_made_it(site: Site, operator: Browser) -> None:
    """Another operator with the address sees nothing, and it is gone."""
    rotated = await operator.post("/systems/of/SYT/rotate")
    path = rotated.headers["Location"].removeprefix("/console")
    async with site.visitor("administrator") as other:
        assert (await other.get(path)).status == 410
    assert 'id="secret"' not in (await operator.get(path)).text


async def test_a_rotated_secret_ends_the_old_one_and_a_disabled_system_calls_no_more(
    site: Site, operator: Browser
) -> None:
    """At once, with an entry for each."""
    old = site.node.dms("SYT")
    rotated = await operator.post("/systems/of/SYT/rotate")
    shown = await operator.get(rotated.headers["Location"].removeprefix("/console"))
    secret = re.search(r'id="secret">([^<]+)<', shown.text)
    assert secret is not None
    assert not (await old.received()).ok
    site.node.secrets["SYT"] = secret[1]
    assert (await site.node.dms("SYT").received()).ok
    await operator.post("/systems/of/SYT/policy", policy="require")
    await operator.post("/systems/of/SYT/disable")
    assert not (await site.node.dms("SYT").received()).ok
    assert [act for act, _ in acts(site)] == ["secret-rotated", "policy-changed", "system-disabled"]
    page = await operator.get("/systems/of/SYT")
    assert "Đã ngắt" in page.text


async def test_every_fault_of_a_form_is_told_at_once_and_nothing_is_lost(operator: Browser) -> None:
    """What was typed is still there."""
    page = await operator.post(
        "/systems/connect", system="có dấu", kind="dms", serves=f"{FINANCE} 000.00.99.H99", policy="warn"
    )
    assert page.status == 422
    for words in ("mã hệ thống chỉ gồm", "đang do hệ thống STC phục vụ", "không có cơ quan 000.00.99.H99"):
        assert words in page.text
    assert 'value="có dấu"' in page.text
    assert (await operator.post("/systems/connect", system="X", kind="no", serves=HEALTH)).status == 422


async def test_a_system_is_connected_for_an_agency_called_by_its_name(site: Site, operator: Browser) -> None:
    """Without accents, if no other is called so; an unknown one is told once, and leads to adding it."""
    await operator.post("/agencies/add", code=NEW, name="UBND xã Thử Nghiệm")
    page = await operator.get("/systems/connect")
    assert '<option value="UBND xã Thử Nghiệm">' in page.text
    asked = {"system": "XA", "kind": "console", "policy": "warn"}
    for name, words in (
        ("tỉnh", "có nhiều cơ quan là “tỉnh”"),
        ("Sở Không Có", "danh bạ không có cơ quan nào là “Sở Không Có”"),
        ("", "hệ thống phải phục vụ ít nhất một cơ quan"),
    ):
        refused = await operator.post("/systems/connect", agency=name, **asked)
        assert (refused.status, refused.text.count(words)) == (422, 1)
        assert ('href="/console/agencies/add"' in refused.text) == (name == "Sở Không Có")
    assert (await operator.post("/systems/connect", agency="ubnd xa thu", **asked)).status == 303
    assert "UBND xã Thử Nghiệm" in (await operator.get("/systems/of/XA")).text


async def test_agencies_are_found_without_accents_and_changed(site: Site, operator: Browser) -> None:
    """The words may stand in any order, and in names or codes."""
    page = await operator.get("/agencies?q=y+te+so")
    assert "Sở Y tế tỉnh Thử Nghiệm" in page.text
    assert "Sở Tài chính" not in page.text
    changed = await operator.post(
        f"/agencies/of/{HEALTH}", name="Sở Y tế <b>mới</b>", mail="syt@tinh.example"
    )
    assert changed.status == 303
    page = await operator.get(f"/agencies/of/{HEALTH}")
    assert "Sở Y tế &lt;b&gt;mới&lt;/b&gt;" in page.text
    wrong = await operator.post(f"/agencies/of/{HEALTH}", name="", mail="no mail")
    assert wrong.status == 422
    assert "thiếu tên cơ quan" in wrong.text
    assert "không phải địa chỉ thư" in wrong.text


async def test_a_merged_agency_is_answered_for_by_its_successor(operator: Browser) -> None:
    """Into an unknown one it is not merged, and its page says why."""
    wrong = await operator.post(f"/agencies/of/{FINANCE}/close", successor="000.00.98.H57")
    assert wrong.status == 422
    assert "Không có cơ quan 000.00.98.H57" in wrong.text
    assert (await operator.post(f"/agencies/of/{FINANCE}/close", successor=HEALTH)).status == 303
    assert "trả lời thay là" in (await operator.get(f"/agencies/of/{FINANCE}")).text


async def take_list(operator: Browser, text: str) -> Page:
    """Hand a list in."""
    return await operator.upload(
        "/agencies/import", {"csrf": (await operator.token()).encode(), "list": text.encode()}
    )


async def test_a_list_of_agencies_is_read_whole_or_not_at_all(site: Site, operator: Browser) -> None:
    """A line that is wrong is named, and the others are not written either."""
    good = "code,name\n000.00.40.H57,Xã Một\n000.00.41.H57,Xã Hai\n"
    page = await take_list(operator, good + "H5x,Xã Ba\n")
    assert page.status == 422
    assert "dòng/line 4" in page.text
    assert "Xã Một" not in (await operator.get("/agencies?q=xa+mot")).text
    assert (await take_list(operator, good)).status == 303
    assert "Xã Một" in (await operator.get("/agencies?q=xa+mot")).text


@pytest.mark.parametrize("path", ["/systems", "/agencies", "/seals", "/settings", "/alerts"])
async def test_who_does_not_run_the_node_sees_none_of_it(site: Site, path: str) -> None:
    """Clerks, viewers and auditors are told no; an administrator runs it, too."""
    for login, status in (("clerk", 403), ("viewer", 403), ("auditor", 403), ("administrator", 200)):
        async with site.visitor(login) as browser:
            assert (await browser.get(path)).status == status


async def test_certificates_and_settings_are_told_and_no_key_or_secret_is(
    site: Site, operator: Browser
) -> None:
    """What stands in the files of keys stands on no page."""
    seals, settings = await operator.get("/seals"), await operator.get("/settings")
    assert "000.00.00.H57" in seals.text
    assert "free_space_floor" in settings.text
    assert "hỏi trục" in settings.text
    for text in (seals.text, settings.text):
        assert "PRIVATE KEY" not in text
        assert not any(secret in text for secret in site.node.secrets.values())


async def test_settings_are_told_as_they_are_written(operator: Browser) -> None:
    """Durations, sizes and terms as in config.toml, yes and no in words; nothing as a program has it."""
    text = (await operator.get("/settings")).text
    said = dict(re.findall(r"<code>(\w+)</code></dt><dd>([^<]*)</dd>", text))
    assert (said["session_idle"], said["idle_timeout"], said["keep"]) == ("30m", "75s", "60d")
    assert (said["body_limit"], said["inline_limit"]) == ("1 GiB", "64 KiB")
    assert (said["enabled"], said["documents"]) == ("có", "permanent")
    for program in ("0:00", "True", "False", "None", "timedelta", "Peer("):
        assert program not in text


async def test_what_is_wrong_stands_on_the_page_of_alerts(site: Site, operator: Browser) -> None:
    """Nobody to tell is said, too."""
    page = await operator.get("/alerts")
    assert "Mọi thứ đều ổn" in page.text
    assert "mail_to" in page.text
