"""Signing in: one answer whatever was wrong, pauses for who guesses, sessions that end when they should."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.back_office import furnish_people
from gateway.errors import Delay, LienthongError, Refusal
from gateway.exchange.hashing import Hashing
from gateway.exchange.people import People
from gateway.exchange.sign_in import SecondFactorNeeded
from gateway.model.people import Language, SignedIn, UserRole, Way
from gateway.office import Office
from gateway.trust.passwords import hash_password
from tests.databases import rows_of
from tests.keys import AT
from tests.walks.people_kit import ELSEWHERE, HOME, PASSWORD, add, open_people, session_of, told, with_phone
from tests.walks.world import HEALTH

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A node where Lan, a clerk, signs in."""
    async with open_people(tmp_path / "node") as opened:
        await add(furnish_people(opened), "lan", agencies={HEALTH})
        yield opened


@pytest.fixture
def people(office: Office) -> People:
    """Its people."""
    return furnish_people(office)


async def refused(trying: Awaitable[object]) -> LienthongError:
    """The error that something ends in."""
    with pytest.raises(LienthongError) as caught:
        await trying
    return caught.value


async def test_who_knows_the_password_gets_a_session(office: Office, people: People) -> None:
    """It is found by its secret; login in any letter case; log: who, from where, how."""
    signed_in = await people.sign_in(" LAN ", PASSWORD, None, address=HOME, at=AT)
    session = await people.session(signed_in.secret, at=AT)
    assert session is not None
    assert (session.id, session.user.login, session.way) == (signed_in.id, "lan", Way.PASSWORD)
    assert not session.must_change
    (*_, last) = await told(office)
    assert {name: last[name] for name in ("event", "user", "session", "way", "address")} == {
        "event": "signed-in",
        "user": "lan",
        "session": signed_in.id,
        "way": "password",
        "address": HOME,
    }


async def test_whatever_was_wrong_the_words_are_the_same(office: Office) -> None:
    """Wrong password, nobody of that name, disabled: one answer outside, three reasons in the log."""
    people = furnish_people(office)
    off = await add(people, "off")
    await people.disable_user(off.id, by="root", at=AT)
    said = [
        await refused(people.sign_in(login, password, None, address=HOME, at=AT))
        for login, password in [("lan", "sai"), ("ai", PASSWORD), ("off", PASSWORD), ("lan", "x" * 5000)]
    ]
    assert {(type(one), one.code, one.faults) for one in said} == {
        (Refusal, "sign-in-failed", said[0].faults)
    }
    entries = [entry for entry in await told(office) if entry["event"] == "distrusted"]
    assert [(entry.get("claimed"), entry["code"]) for entry in entries] == [
        ("lan", "wrong-password"),
        (None, "unknown-user"),
        ("off", "user-disabled"),
        ("lan", "wrong-password"),
    ]
    assert {entry["address"] for entry in entries} == {HOME}


async def test_an_unknown_login_takes_as_long_as_a_known_one(people: People) -> None:
    """Who listens to the clock cannot tell who has an account."""

    async def took(login: str, number: int) -> float:
        began = time.perf_counter()
        await refused(people.sign_in(login, "sai", None, address=f"192.0.2.{number}", at=AT))
        return time.perf_counter() - began

    # In turns, and the quickest of each: what else the machine does falls on both.
    pairs = [(await took("lan", number), await took("ai", 100 + number)) for number in range(9)]
    known, unknown = (min(times) for times in zip(*pairs, strict=True))
    assert 0.5 < known / unknown < 2


@pytest.mark.sqlite_only
async def test_nothing_secret_stands_in_the_database(office: Office, people: People) -> None:
    """No password, no session's secret, no seed, no recovery code, not even in the log or the journal."""
    phone, recovery = await with_phone(people, "lan")
    signed_in = await people.sign_in("lan", PASSWORD, phone.code(AT), address=HOME, at=AT)
    session = await people.session(signed_in.secret, at=AT)
    assert session is not None
    kept = b"".join(path.read_bytes() for path in office.database.source.parent.glob("lienthong.db*"))
    assert b"sessions" in kept
    for secret in (PASSWORD, signed_in.secret, session.csrf, *recovery, recovery[0].replace("-", "")):
        assert secret.encode() not in kept
    assert phone.seed not in kept


async def test_a_new_session_has_a_new_secret_and_its_own_token(people: People) -> None:
    """Nobody can put a session into somebody's browser before he signs in."""
    signed_in = [await people.sign_in("lan", PASSWORD, None, address=HOME, at=AT) for _ in range(2)]
    sessions = [await people.session(one.secret, at=AT) for one in signed_in]
    assert signed_in[0].secret != signed_in[1].secret
    assert len({one.csrf for one in sessions if one}) == 2
    assert all(len(one.secret) == 43 for one in signed_in)
    assert await people.session("", at=AT) is None
    assert await people.session("\ud800", at=AT) is None


async def test_a_session_ends_when_it_is_not_used_and_after_its_longest_time(people: People) -> None:
    """Half an hour without a request; twelve hours in any case."""
    secret = (await people.sign_in("lan", PASSWORD, None, address=HOME, at=AT)).secret
    for minutes in range(25, 12 * 60, 25):
        assert await people.session(secret, at=AT + minutes * MINUTE) is not None
    assert await people.session(secret, at=AT + 12 * 60 * MINUTE) is None
    other = (await people.sign_in("lan", PASSWORD, None, address=HOME, at=AT)).secret
    assert await people.session(other, at=AT + 29 * MINUTE) is not None
    assert await people.session(other, at=AT + 59 * MINUTE) is None


async def test_a_secret_opens_nothing_after_signing_out(office: Office, people: People) -> None:
    """Not even when the cookie was copied; saying it twice is one entry."""
    signed_in = await people.sign_in("lan", PASSWORD, None, address=HOME, at=AT)
    await people.sign_out(signed_in.id, at=AT)
    await people.sign_out(signed_in.id, at=AT)
    assert await people.session(signed_in.secret, at=AT) is None
    assert [entry["event"] for entry in await told(office)][-2:] == ["signed-in", "signed-out"]


async def test_guessing_is_slowed_by_growing_pauses(people: People) -> None:
    """Five tries are free; then there are some four an hour, whatever the pace."""
    tries, at = 0, AT
    while at < AT + timedelta(hours=5):
        error = await refused(people.sign_in("ai", "sai", None, address=HOME, at=at))
        if isinstance(error, Delay):
            assert error.code == "locked-out"
            assert timedelta() < error.after <= timedelta(minutes=15)
            at += error.after
        else:
            tries += 1
    assert 20 < tries < 35


async def test_many_tries_at_once_are_many(people: People) -> None:
    """Twenty at the same moment are not twenty first tries."""
    tried = (people.sign_in("ai", f"sai {n}", None, address=HOME, at=AT) for n in range(20))
    errors = await asyncio.gather(*tried, return_exceptions=True)
    codes = [error.code for error in errors if isinstance(error, LienthongError)]
    assert codes.count("sign-in-failed") == 5
    assert codes.count("locked-out") == 15


async def test_a_pause_passes_and_the_right_password_ends_it(people: People) -> None:
    """Nobody is locked out for ever, and who got in begins anew."""
    for _ in range(5):
        await refused(people.sign_in("lan", "sai", None, address=HOME, at=AT))
    locked = await refused(people.sign_in("lan", PASSWORD, None, address=HOME, at=AT))
    assert isinstance(locked, Delay)
    later = AT + locked.after
    await session_of(people, "lan", at=later)
    failed = await refused(people.sign_in("lan", "sai", None, address=HOME, at=later))
    assert failed.code == "sign-in-failed"


async def test_a_stranger_elsewhere_locks_nobody_out_of_his_own_place(people: People) -> None:
    """A thousand wrong passwords from a hundred places, and Lan signs in from where she always does."""
    for number in range(100):
        for _ in range(2):
            with pytest.raises(LienthongError):
                await people.sign_in("lan", "sai", None, address=f"203.0.113.{number}", at=AT)
    elsewhere = await refused(people.sign_in("lan", PASSWORD, None, address=ELSEWHERE, at=AT))
    assert elsewhere.code == "locked-out"
    await session_of(people, "lan", address=HOME)


async def test_one_place_cannot_try_one_password_on_everybody(people: People) -> None:
    """Thirty logins from one address, then a pause; a /64 of IPv6 is one address."""
    codes = []
    for number in range(40):
        address = f"2001:db8::{number:x}"
        failed = await refused(people.sign_in(f"ai{number}", "sai", None, address=address, at=AT))
        codes.append(failed.code)
    assert codes == ["sign-in-failed"] * 30 + ["locked-out"] * 10


async def test_a_flood_is_turned_away_and_the_loop_goes_on(people: People) -> None:
    """Two hundred sign-ins from as many places: a line of some thirty, the rest told to come again."""
    longest, stop = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not stop.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began)

    watching = asyncio.create_task(watch())
    tried = (people.sign_in(f"a{n}", "sai", None, address=f"192.0.{n}.1", at=AT) for n in range(200))
    errors = await asyncio.gather(*tried, return_exceptions=True)
    stop.set()
    await watching
    codes = [error.code for error in errors if isinstance(error, LienthongError)]
    assert set(codes) == {"sign-in-failed", "too-many-sign-ins"}
    assert codes.count("too-many-sign-ins") > 150
    assert longest < 1.0
    # Who was not looked at has not failed.
    row = await people.database.fetch_one("SELECT sum(count) FROM sign_in_failures WHERE what = 'here'")
    assert row is not None
    assert row[0] == codes.count("sign-in-failed")


async def test_a_hash_of_former_times_is_made_anew_at_the_next_sign_in(
    office: Office, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters grow; nobody must be asked for a new password."""
    monkeypatch.setattr("gateway.trust.passwords._MEMORY_KIB", 8 * 1024)
    weak = hash_password(PASSWORD, salt=bytes(16))
    monkeypatch.undo()
    await office.database.write(lambda tables: tables.execute("UPDATE users SET password = ?", (weak,)))
    await session_of(people, "lan")
    ((kept,),) = rows_of(office.database.source, "SELECT password FROM users")
    assert kept.startswith("$argon2id$v=19$m=19456,")
    await session_of(people, "lan")


# -- the second factor --------------------------------------------------------------------------------


async def ticket(people: People, login: str = "lan") -> str:
    """What the first half of signing in gives."""
    needed = await refused(people.sign_in(login, PASSWORD, None, address=HOME, at=AT))
    assert isinstance(needed, SecondFactorNeeded)
    assert needed.code == "second-factor-needed"
    return needed.ticket


async def test_with_a_phone_the_password_alone_opens_nothing(people: People) -> None:
    """It gives a ticket; ticket and code give the session."""
    phone, _ = await with_phone(people, "lan")
    given = await ticket(people)
    signed_in = await people.sign_in_by_code(given, phone.code(AT), address=HOME, at=AT)
    session = await people.session(signed_in.secret, at=AT)
    assert session is not None
    assert session.way is Way.CODE


async def test_a_code_is_used_once_even_by_two_at_the_same_moment(people: People) -> None:
    """Whoever read it off the screen comes too late."""
    phone, _ = await with_phone(people, "lan")
    tried = [people.sign_in("lan", PASSWORD, phone.code(AT), address=HOME, at=AT) for _ in range(3)]
    ended = await asyncio.gather(*tried, return_exceptions=True)
    assert sum(isinstance(one, SignedIn) for one in ended) == 1
    assert {one.code for one in ended if isinstance(one, LienthongError)} == {"sign-in-failed"}


async def test_a_recovery_code_opens_once(people: People) -> None:
    """Ten of them, for the day the phone is lost."""
    _, recovery = await with_phone(people, "lan")
    assert len(set(recovery)) == 10
    session = await session_of(people, "lan", code=recovery[3].lower())
    assert session.way is Way.RECOVERY
    again = await refused(people.sign_in("lan", PASSWORD, recovery[3], address=HOME, at=AT))
    assert again.code == "sign-in-failed"
    account = await people.find_user("lan")
    assert account is not None
    assert account.recovery_count == 9


async def test_codes_cannot_be_guessed_between_two_right_passwords(people: People) -> None:
    """Who has the password has no more tries at the code than at the password."""
    await with_phone(people, "lan")
    codes = []
    for number in range(10):
        try:
            given = await ticket(people)
        except AssertionError:
            codes.append("paused")
            continue
        failed = await refused(people.sign_in_by_code(given, f"{number:06}", address=HOME, at=AT))
        codes.append(failed.code)
    assert codes.count("sign-in-failed") <= 5


@pytest.mark.parametrize("made", ["late", "changed", "password", "foreign", "empty"])
async def test_a_ticket_is_worth_nothing_when_it_is_not_true_any_more(people: People, made: str) -> None:
    """Too old, altered, from before the password was changed, somebody's invention."""
    phone, _ = await with_phone(people, "lan")
    given, at = await ticket(people), AT
    if made == "late":
        at += timedelta(minutes=5)
    elif made == "changed":
        given = given[:-1] + ("0" if given[-1] != "0" else "1")
    elif made == "password":
        account = await people.find_user("lan")
        assert account is not None
        await people.reset_password(account.user.id, by="root", at=AT)
    else:
        given = "" if made == "empty" else "đây không phải vé"
    failed = await refused(people.sign_in_by_code(given, phone.code(at), address=HOME, at=at))
    assert failed.code == "sign-in-failed"


# -- one's own account --------------------------------------------------------------------------------


async def test_a_new_password_ends_the_other_sessions_and_gives_this_one_a_new_secret(people: People) -> None:
    """Whoever had a copy of the cookie has nothing."""
    other = await people.sign_in("lan", PASSWORD, None, address=ELSEWHERE, at=AT)
    mine = await people.sign_in("lan", PASSWORD, None, address=HOME, at=AT)
    session = await people.session(mine.secret, at=AT)
    assert session is not None
    changed = await people.change_password(session, PASSWORD, "trăng rằm soi bến cũ", at=AT)
    assert await people.session(other.secret, at=AT) is None
    assert await people.session(mine.secret, at=AT) is None
    again = await people.session(changed.secret, at=AT)
    assert again is not None
    assert again.id == session.id
    await session_of(people, "lan", "trăng rằm soi bến cũ")
    assert (
        await refused(people.sign_in("lan", PASSWORD, None, address=HOME, at=AT))
    ).code == "sign-in-failed"


async def test_a_new_password_is_judged_with_all_its_faults(people: People) -> None:
    """Nothing changes then."""
    session = await session_of(people, "lan")
    faults = (await refused(people.change_password(session, PASSWORD, "lan123", at=AT))).faults
    assert [fault.rule for fault in faults] == ["password-too-short", "password-guessable"]
    (same,) = (await refused(people.change_password(session, PASSWORD, PASSWORD, at=AT))).faults
    assert same.rule == "password-unchanged"
    assert await people.session("x", at=AT) is None
    await session_of(people, "lan")


@pytest.mark.parametrize("act", ["reset", "disable", "end"])
async def test_who_was_put_out_meanwhile_changes_nothing_any_more(
    people: People, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Hashing takes its time: what an administrator did against a thief in it is not undone by the thief."""
    session = await session_of(people, "lan")
    usual = Hashing.hash

    async def hash_slowly(hashing: Hashing, password: str) -> str:
        monkeypatch.setattr(Hashing, "hash", usual)
        if act == "reset":
            await people.reset_password(session.user.id, by="root", at=AT)
        elif act == "disable":
            await people.disable_user(session.user.id, by="root", at=AT)
        else:
            await people.end_all(session.user.id, by="root", at=AT)
        return await hashing.hash(password)

    monkeypatch.setattr(Hashing, "hash", hash_slowly)
    stolen = "trăng rằm soi bến cũ"
    failed = await refused(people.change_password(session, PASSWORD, stolen, at=AT))
    assert failed.code == "no-such-session"
    if act == "disable":
        await people.enable_user(session.user.id, by="root", at=AT)
    failed = await refused(people.sign_in("lan", stolen, None, address=HOME, at=AT))
    assert failed.code == "sign-in-failed"


async def test_at_an_open_screen_the_password_is_asked_for_and_guessing_is_slow(people: People) -> None:
    """Password, phone, recovery codes: all of them against the password, five tries."""
    session = await session_of(people, "lan")
    tries = [
        people.change_password(session, "sai", "trăng rằm soi bến cũ", at=AT),
        people.enrol_totp(session, "sai", at=AT),
        people.remove_totp(session, "sai", at=AT),
        people.renew_recovery(session, "sai", at=AT),
        people.remove_totp(session, "sai", at=AT),
    ]
    assert {(await refused(one)).code for one in tries} == {"password-wrong"}
    assert (await refused(people.remove_totp(session, PASSWORD, at=AT))).code == "locked-out"


async def test_a_phone_counts_once_it_has_shown_a_code(people: People) -> None:
    """Drawing the picture changes nothing; a wrong code neither."""
    session = await session_of(people, "lan")
    assert (await refused(people.confirm_totp(session, "000000", at=AT))).code == "code-wrong"
    enrolment = await people.enrol_totp(session, PASSWORD, at=AT)
    assert await people.pending_totp(session) == enrolment
    assert (await refused(people.confirm_totp(session, "abcdef", at=AT))).code == "code-wrong"
    await session_of(people, "lan")
    assert (await refused(people.renew_recovery(session, PASSWORD, at=AT))).code == "no-second-factor"


async def test_a_phone_is_set_up_renewed_and_removed(office: Office, people: People) -> None:
    """Each stands in the log; new recovery codes put the old ones out of use."""
    phone, old = await with_phone(people, "lan")
    session = await session_of(people, "lan", code=phone.code(AT))
    new = await people.renew_recovery(session, PASSWORD, at=AT)
    assert not set(new) & set(old)
    failed = await refused(people.sign_in("lan", PASSWORD, old[0], address=HOME, at=AT))
    assert failed.code == "sign-in-failed"
    await people.remove_totp(session, PASSWORD, at=AT)
    assert (await session_of(people, "lan")).way is Way.PASSWORD
    acts = [entry["act"] for entry in await told(office) if entry["event"] == "administered"]
    assert acts[-3:] == ["second-factor-added", "recovery-renewed", "second-factor-removed"]


async def test_the_language_stays_with_its_reader(people: People) -> None:
    """At the next request and the next sign-in."""
    session = await session_of(people, "lan")
    assert session.language is Language.VIETNAMESE
    await people.set_language(session.user.id, Language.ENGLISH)
    assert (await session_of(people, "lan")).language is Language.ENGLISH


async def test_a_one_time_password_opens_only_the_way_to_a_new_one_and_not_for_long(people: People) -> None:
    """The session says so; after three days it opens nothing."""
    _, one_time = await people.add_user(
        "moi", name="Người mới", role=UserRole.VIEWER, agencies=frozenset({HEALTH}), by="root", at=AT
    )
    late = AT + timedelta(days=3)
    failed = await refused(people.sign_in("moi", one_time, None, address=HOME, at=late))
    assert failed.code == "sign-in-failed"
    signed_in = await people.sign_in("moi", one_time, None, address=HOME, at=AT)
    assert signed_in.must_change
    session = await people.session(signed_in.secret, at=AT)
    assert session is not None
    assert session.must_change
    changed = await people.change_password(session, one_time, PASSWORD, at=AT)
    after = await people.session(changed.secret, at=AT)
    assert after is not None
    assert not after.must_change


# -- single sign-on -----------------------------------------------------------------------------------

SUBJECT = "https://sso.example 9f2c"


async def test_the_provider_lets_in_whom_we_know_and_is_held_to_who_he_is(office: Office) -> None:
    """Found by login the first time, by the provider's unchanging name ever after."""
    people = furnish_people(office)
    signed_in = await people.sign_in_by_provider(SUBJECT, "lan", address=HOME, at=AT)
    assert signed_in.user.login == "lan"
    renamed = await people.sign_in_by_provider(SUBJECT, "lan.moi", address=HOME, at=AT)
    assert renamed.user.login == "lan"
    acts = [entry.get("act") for entry in await told(office)]
    assert acts.count("provider-bound") == 1


async def test_who_was_given_an_old_login_at_the_provider_does_not_inherit_the_account(
    people: People,
) -> None:
    """Until somebody who governs people says so."""
    signed_in = await people.sign_in_by_provider(SUBJECT, "lan", address=HOME, at=AT)
    for subject, login in ((f"{SUBJECT}0", "lan"), (f"{SUBJECT}0", "ai")):
        failed = await refused(people.sign_in_by_provider(subject, login, address=HOME, at=AT))
        assert failed.code == "sign-in-failed"
    await people.unbind_provider(signed_in.user.id, by="root", at=AT)
    assert await people.session(signed_in.secret, at=AT) is None
    await people.sign_in_by_provider(f"{SUBJECT}0", "lan", address=HOME, at=AT)


async def test_of_two_who_come_first_at_once_one_is_bound(office: Office) -> None:
    """The other has failed: an account is one person's."""
    people = furnish_people(office)
    came = await asyncio.gather(
        *(people.sign_in_by_provider(f"{SUBJECT}{n}", "lan", address=HOME, at=AT) for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, SignedIn) for one in came) == 1
    assert {one.code for one in came if isinstance(one, LienthongError)} == {"sign-in-failed"}
    assert [entry.get("act") for entry in await told(office)].count("provider-bound") == 1


async def test_the_provider_does_not_open_a_closed_account(people: People) -> None:
    """Bound or not."""
    signed_in = await people.sign_in_by_provider(SUBJECT, "lan", address=HOME, at=AT)
    await people.disable_user(signed_in.user.id, by="root", at=AT)
    failed = await refused(people.sign_in_by_provider(SUBJECT, "lan", address=HOME, at=AT))
    assert failed.code == "sign-in-failed"
