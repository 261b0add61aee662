"""Governing people: nobody gives himself more than he has, one administrator stays, all is in the log."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.back_office import furnish_people
from gateway.errors import Refusal
from gateway.exchange.people import People
from gateway.model.identifiers import AgencyCode
from gateway.model.people import User, UserRole
from gateway.office import Office
from tests.keys import AT
from tests.walks.people_kit import PASSWORD, add, open_people, session_of, told
from tests.walks.world import FINANCE, HEALTH

MASTER, LOCAL, OPERATOR, LAN = "chu", "soyte", "vanhanh", "lan"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A node with one administrator for all, one for the health department, an operator and a clerk."""
    async with open_people(tmp_path / "node") as opened:
        for login, role, agencies in (
            (MASTER, UserRole.ADMINISTRATOR, None),
            (LOCAL, UserRole.ADMINISTRATOR, frozenset({HEALTH})),
            (OPERATOR, UserRole.OPERATOR, None),
            (LAN, UserRole.CLERK, frozenset({HEALTH})),
        ):
            await furnish_people(opened).add_user(
                login, name=f"Người {login}", role=role, agencies=agencies, by="root", at=AT
            )
        yield opened


@pytest.fixture
def people(office: Office) -> People:
    """Its people."""
    return furnish_people(office)


async def user(people: People, login: str) -> User:
    account = await people.find_user(login)
    assert account is not None
    return account.user


async def code_of(trying: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as caught:
        await trying
    return caught.value.code


async def test_an_operator_cannot_make_himself_administrator(people: People) -> None:
    """Nor anybody else, nor touch whom he does not govern."""
    operator, lan = await user(people, OPERATOR), await user(people, LAN)
    promoted = replace(operator, role=UserRole.ADMINISTRATOR)
    tries = [
        people.edit_user(promoted, by=operator, at=AT),
        people.edit_user(promoted, by=promoted, at=AT),  # what he says he is counts for nothing
        people.edit_user(replace(lan, role=UserRole.ADMINISTRATOR), by=operator, at=AT),
        people.disable_user(lan.id, by=operator, at=AT),
        people.reset_password(lan.id, by=operator, at=AT),
        people.reset_totp(lan.id, by=operator, at=AT),
        people.unbind_provider(lan.id, by=operator, at=AT),
        people.end_all(lan.id, by=operator, at=AT),
        people.add_user("ma", name="Ma", role=UserRole.VIEWER, agencies=None, by=operator, at=AT),
    ]
    assert {await code_of(one) for one in tries} == {"not-permitted"}
    assert (await user(people, OPERATOR)).role is UserRole.OPERATOR


async def test_an_administrator_of_some_agencies_governs_their_people_only(people: People) -> None:
    """And gives nobody, himself included, an agency that is not his."""
    local, lan, operator = [await user(people, login) for login in (LOCAL, LAN, OPERATOR)]
    beyond: list[frozenset[AgencyCode] | None] = [None, frozenset({HEALTH, FINANCE}), frozenset({FINANCE})]
    for agencies in beyond:
        for one in (local, lan):
            assert await code_of(people.edit_user(replace(one, agencies=agencies), by=local, at=AT)) == (
                "not-permitted"
            )
        adding = people.add_user("ma", name="Ma", role=UserRole.VIEWER, agencies=agencies, by=local, at=AT)
        assert await code_of(adding) == "not-permitted"
    assert await code_of(people.disable_user(operator.id, by=local, at=AT)) == "not-permitted"
    edited = await people.edit_user(replace(lan, role=UserRole.VIEWER), by=local, at=AT)
    assert edited.role is UserRole.VIEWER
    assert {account.user.login for account in await people.list_users(by=local)} == {LOCAL, LAN}


async def test_the_last_administrator_of_the_node_stays(people: People) -> None:
    """Not disabled, not given another role, not kept to some agencies; with a second one he may go."""
    master = await user(people, MASTER)
    tries = [
        people.disable_user(master.id, by="root", at=AT),
        people.disable_user(master.id, by=master, at=AT),
        people.edit_user(replace(master, role=UserRole.OPERATOR), by=master, at=AT),
        people.edit_user(replace(master, agencies=frozenset({HEALTH})), by=master, at=AT),
    ]
    assert {await code_of(one) for one in tries} == {"last-administrator"}
    local = await user(people, LOCAL)
    await people.edit_user(replace(local, agencies=None), by=master, at=AT)
    await people.disable_user(master.id, by=await user(people, LOCAL), at=AT)
    assert await code_of(people.disable_user(local.id, by="root", at=AT)) == "last-administrator"


async def test_another_role_counts_at_the_next_request(people: People) -> None:
    """The session ends with what it stood for; the next one has a new secret. A new name ends nothing."""
    await add(people, "hoa", UserRole.OPERATOR)
    signed_in = await people.sign_in("hoa", PASSWORD, None, address="10.0.0.1", at=AT)
    renamed = await people.edit_user(replace(signed_in.user, name="Hoa"), by="root", at=AT)
    session = await people.session(signed_in.secret, at=AT)
    assert session is not None
    assert session.user.name == "Hoa"
    await people.edit_user(replace(renamed, role=UserRole.VIEWER), by="root", at=AT)
    assert await people.session(signed_in.secret, at=AT) is None
    assert (await session_of(people, "hoa")).user.role is UserRole.VIEWER


async def test_who_lost_the_right_a_moment_ago_cannot_use_it(people: People) -> None:
    """His request began before; what he may is looked up again where it is written."""
    master, local, lan = [await user(people, login) for login in (MASTER, LOCAL, LAN)]
    await people.edit_user(replace(local, role=UserRole.VIEWER), by=master, at=AT)
    assert await code_of(people.disable_user(lan.id, by=local, at=AT)) == "not-permitted"
    await people.disable_user(local.id, by=master, at=AT)
    assert await code_of(people.disable_user(lan.id, by=local, at=AT)) == "not-permitted"


async def test_a_disabled_user_is_out_at_once_and_comes_back_as_he_was(people: People) -> None:
    """Sessions end, the password opens nothing; enabled, it does again."""
    hoa = await add(people, "hoa", UserRole.VIEWER)
    signed_in = await people.sign_in("hoa", PASSWORD, None, address="10.0.0.1", at=AT)
    await people.disable_user(hoa.id, by="root", at=AT)
    assert await people.session(signed_in.secret, at=AT) is None
    assert await code_of(people.sign_in("hoa", PASSWORD, None, address="10.0.0.1", at=AT)) == "sign-in-failed"
    await people.enable_user(hoa.id, by="root", at=AT)
    assert await people.session(signed_in.secret, at=AT) is None
    assert (await session_of(people, "hoa")).user == hoa


async def test_sessions_are_listed_and_ended_one_or_all(people: People) -> None:
    """By oneself and by who governs one; not by a colleague."""
    hoa, colleague = await add(people, "hoa", agencies={HEALTH}), await add(people, "kim", agencies={HEALTH})
    secrets = [
        (
            await people.sign_in("hoa", PASSWORD, None, address=f"10.0.0.{n}", at=AT + timedelta(seconds=n))
        ).secret
        for n in range(4)
    ]
    at = AT + timedelta(seconds=5)
    listed = await people.list_sessions(hoa.id, at=at)
    assert [visit.address for visit in listed] == [f"10.0.0.{n}" for n in (3, 2, 1, 0)]
    assert await code_of(people.end_session(listed[0].id, by=colleague, at=at)) == "not-permitted"
    await people.end_session(listed[0].id, by=hoa, at=at)
    assert await code_of(people.end_session(listed[0].id, by=hoa, at=at)) == "no-such-session"
    await people.end_session(listed[1].id, by=await user(people, LOCAL), at=at)
    assert await people.end_all(hoa.id, by=hoa, at=at, but=listed[3].id) == 1
    living = [await people.session(secret, at=at) for secret in secrets]
    assert [session is not None for session in living] == [True, False, False, False]


async def test_a_reset_is_for_others(people: People) -> None:
    """Who sits down at an administrator's open screen does not get the account."""
    master = await user(people, MASTER)
    assert await code_of(people.reset_password(master.id, by=master, at=AT)) == "own-account"
    assert await code_of(people.reset_totp(master.id, by=master, at=AT)) == "own-account"
    lan = await add(people, "hoa", agencies={HEALTH})
    signed_in = await people.sign_in("hoa", PASSWORD, None, address="10.0.0.1", at=AT)
    one_time = await people.reset_password(lan.id, by=master, at=AT)
    assert await people.session(signed_in.secret, at=AT) is None
    assert await code_of(people.sign_in("hoa", PASSWORD, None, address="10.0.0.1", at=AT)) == "sign-in-failed"
    assert (await session_of(people, "hoa", one_time)).must_change


async def test_all_that_is_wrong_with_a_user_is_told_at_once(people: People) -> None:
    """Login, name, agencies, mail; a login that is taken when it is written."""
    with pytest.raises(Refusal) as caught:
        await people.add_user(
            "x y", name=" ", role=UserRole.CLERK, agencies=frozenset(), mail="@@", by="root", at=AT
        )
    assert [fault.rule for fault in caught.value.faults] == [
        *("login-wrong", "name-wrong", "agencies-missing", "mail-wrong")
    ]
    adding = people.add_user("LAN", name="Lan", role=UserRole.CLERK, agencies=None, by="root", at=AT)
    assert await code_of(adding) == "user-wrong"
    elsewhere = frozenset({AgencyCode("H99")})
    adding = people.add_user("moi", name="Mới", role=UserRole.CLERK, agencies=elsewhere, by="root", at=AT)
    assert await code_of(adding) == "user-wrong"


async def test_every_change_stands_in_the_log_with_who_made_it(office: Office) -> None:
    """By login from the console, by the system's name from the machine; a change of nothing does not."""
    people = furnish_people(office)
    master, lan = await user(people, MASTER), await user(people, LAN)
    before = len(await told(office))
    await people.edit_user(lan, by=master, at=AT)
    assert len(await told(office)) == before
    await people.edit_user(replace(lan, name="Lan Anh"), by=master, at=AT)
    await people.reset_password(lan.id, by="root", at=AT)
    await people.reset_totp(lan.id, by=master, at=AT)
    await people.disable_user(lan.id, by=master, at=AT)
    await people.enable_user(lan.id, by="root", at=AT)
    entries = (await told(office))[before:]
    assert [(entry["act"], entry["by"]) for entry in entries] == [
        ("user-edited", MASTER),
        ("password-reset", "root"),
        ("second-factor-reset", MASTER),
        ("user-disabled", MASTER),
        ("user-enabled", "root"),
    ]
    assert entries[0]["details"] == {
        "user": LAN,
        "name": "Lan Anh",
        "role": "clerk",
        "agencies": [HEALTH],
    }
