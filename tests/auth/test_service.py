"""Logging in, staying in, being thrown out."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from dialer.auth.model import Refused, Role, User
from dialer.auth.service import Auth, Entered
from dialer.auth.sessions import Session
from dialer.auth.tables import auth_sessions, users
from dialer.store import Store
from tests.auth.conftest import PASSWORD, Clocks, user


async def enter(auth: Auth, login: str = "ann") -> Entered:
    entered = await auth.login(login, PASSWORD, "10.0.0.1")
    assert isinstance(entered, Entered)
    return entered


async def living(auth: Auth, token: str) -> Session:
    found = await auth.session(token)
    assert found is not None
    return found


async def rows(store: Store) -> int:
    return await store.read(lambda c: c.execute(select(func.count()).select_from(auth_sessions)).scalar_one())


async def test_a_login_opens_a_session_with_a_new_token(auth: Auth, operator: User) -> None:
    one, other = await enter(auth), await enter(auth, "  ANN ")
    assert one.token != other.token
    assert len(one.token) >= 43  # 256 bits
    assert (await living(auth, one.token)).user == operator


async def test_only_a_hash_of_the_token_is_stored(auth: Auth, operator: User, store: Store) -> None:
    token = (await enter(auth)).token
    stored = await store.read(lambda c: [str(row) for row in c.execute(select(auth_sessions))])
    assert len(stored) == 1
    assert token not in stored[0]
    assert PASSWORD not in str(await store.read(lambda c: c.execute(select(users)).all()))


@pytest.mark.parametrize(
    ("login", "password"), [("ann", "wrong horse"), ("bob", PASSWORD), ("", ""), ("ann", "")]
)
async def test_wrong_is_wrong_whatever_was_wrong(
    auth: Auth, operator: User, login: str, password: str
) -> None:
    assert await auth.login(login, password, "10.0.0.1") == Refused(code="login_wrong")


async def test_guesses_are_throttled_and_the_wait_is_told(auth: Auth, operator: User, clocks: Clocks) -> None:
    answers = [await auth.login("ann", f"guess {n}", "10.0.0.1") for n in range(6)]
    assert [answer.code for answer in answers if isinstance(answer, Refused)] == ["login_wrong"] * 5 + [
        "login_throttled"
    ]
    throttled = await auth.login("ann", PASSWORD, "10.0.0.1")
    assert isinstance(throttled, Refused)
    clocks.move(seconds=float(throttled.params["seconds"]))
    await enter(auth)


async def test_a_made_up_token_opens_nothing(auth: Auth, operator: User) -> None:
    await enter(auth)
    for token in ("", "x", "ю" * 50, "\ud800", "' OR 1=1 --", "a" * 100_000):
        assert await auth.session(token) is None


async def test_a_session_outlives_the_daemon(
    auth: Auth, operator: User, store: Store, clocks: Clocks
) -> None:
    token = (await enter(auth)).token
    later = Auth(store, clocks.now, monotonic=clocks.monotonic)
    assert (await living(later, token)).user == operator
    await later.stop()


async def test_an_idle_session_ends_and_a_used_one_does_not(
    auth: Auth, operator: User, clocks: Clocks
) -> None:
    used, idle = (await enter(auth)).token, (await enter(auth)).token
    ended = (await living(auth, idle)).ended
    for _ in range(4):
        clocks.move(minutes=20)
        await living(auth, used)
    assert not ended.is_set()
    await auth.sweep()
    assert ended.is_set()
    assert await auth.session(idle) is None
    await living(auth, used)


async def test_a_page_that_is_open_all_day_stays_in_for_a_shift(
    auth: Auth, operator: User, clocks: Clocks
) -> None:
    session = (await enter(auth)).session
    for _ in range(35):
        clocks.move(minutes=20)
        assert auth.touch(session)
        await auth.sweep()
    clocks.move(minutes=20)
    assert not auth.touch(session)
    assert session.ended.is_set()


async def test_use_is_written_down_for_the_next_daemon(
    auth: Auth, operator: User, store: Store, clocks: Clocks
) -> None:
    token = (await enter(auth)).token
    clocks.move(minutes=25)
    await living(auth, token)
    await auth.sweep()
    clocks.move(minutes=25)
    later = Auth(store, clocks.now, monotonic=clocks.monotonic)
    await living(later, token)
    clocks.move(minutes=31)
    await later.sweep()
    assert await rows(store) == 0
    await later.stop()


async def test_logging_out_ends_one_session(auth: Auth, operator: User, store: Store) -> None:
    one, other = await enter(auth), await enter(auth)
    await auth.logout(one.session)
    assert one.session.ended.is_set()
    assert await auth.session(one.token) is None
    await living(auth, other.token)
    assert await rows(store) == 1


async def test_whoever_is_shut_out_is_out_at_once(auth: Auth, operator: User, store: Store) -> None:
    bob = await user(auth, "bob", Role.OPERATOR)
    entered, bobs = await enter(auth), await enter(auth, "bob")
    await auth.set_active(operator.id, False)
    assert entered.session.ended.is_set()
    assert await auth.session(entered.token) is None
    assert await auth.login("ann", PASSWORD, "10.0.0.1") == Refused(code="login_wrong")
    assert (await living(auth, bobs.token)).user == bob
    await auth.set_active(operator.id, True)
    assert await auth.session(entered.token) is None
    await enter(auth)


async def test_a_new_password_ends_all_sessions(auth: Auth, operator: User) -> None:
    entered = await enter(auth)
    assert isinstance(await auth.set_password(operator.id, "battery staple"), User)
    assert await auth.session(entered.token) is None
    assert await auth.login("ann", PASSWORD, "10.0.0.1") == Refused(code="login_wrong")
    assert isinstance(await auth.login("ann", "battery staple", "10.0.0.1"), Entered)
    assert await auth.set_password(operator.id, "short") == Refused(code="password_short")


async def test_a_new_password_is_not_the_login(auth: Auth) -> None:
    user = await auth.create_user(
        login="longlogin", name="Long", password="battery staple", role=Role.OPERATOR
    )
    assert isinstance(user, User)
    assert await auth.set_password(user.id, "LongLogin") == Refused(code="password_login")


async def test_a_login_that_races_with_being_shut_out_never_wins(
    auth: Auth, operator: User, store: Store
) -> None:
    for _ in range(3):
        await auth.set_active(operator.id, True)
        outcome, _ = await asyncio.gather(
            auth.login("ann", PASSWORD, "10.0.0.1"), auth.set_active(operator.id, False)
        )
        if isinstance(outcome, Entered):
            assert await auth.session(outcome.token) is None
        assert await rows(store) == 0


async def test_a_session_read_as_it_ends_stays_dead(
    auth: Auth, operator: User, store: Store, clocks: Clocks
) -> None:
    for _ in range(5):
        token = (await enter(auth)).token
        fresh = Auth(store, clocks.now, monotonic=clocks.monotonic)  # knows nothing in memory yet
        await asyncio.gather(*(fresh.session(token) for _ in range(5)), fresh.end_all(operator.id))
        assert await fresh.session(token) is None
        await fresh.stop()


async def test_settings_are_seen_in_open_sessions(auth: Auth, operator: User) -> None:
    entered = await enter(auth)
    changed = await auth.change_own(operator.id, language="en", theme="dark", single_keys=False)
    assert isinstance(changed, User)
    assert (changed.language, changed.theme, changed.single_keys) == ("en", "dark", False)
    assert (await living(auth, entered.token)).user == changed
    assert await auth.change_own(operator.id) == changed
    assert await auth.change_own(operator.id, language="de") == Refused(code="language_unknown")
    assert await auth.change_own(operator.id, theme="pink") == Refused(code="theme_unknown")
    assert await auth.change_own(999, theme="dark") == Refused(code="user_unknown")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"login": "ANN"}, "login_taken"),
        ({"login": "два слова"}, "login_form"),
        ({"login": "x" * 65}, "login_form"),
        ({"name": " "}, "name_missing"),
        ({"password": "short"}, "password_short"),
        ({"password": "caroline", "login": "Caroline"}, "password_login"),
        ({"language": "de"}, "language_unknown"),
        ({"phone_kind": "carrier pigeon"}, "phone_kind_unknown"),
        ({"endpoint": "op1&PJSIP/x"}, "endpoint_form"),
    ],
)
async def test_a_user_must_be_well_formed(
    auth: Auth, operator: User, change: dict[str, str], code: str
) -> None:
    fields = {"login": "bob", "name": "Bob", "password": PASSWORD} | change
    assert await auth.create_user(role=Role.OPERATOR, **fields) == Refused(code=code)
    assert [found.login for found in await auth.all_users()] == ["ann"]


async def test_secrets_are_not_printed(auth: Auth, operator: User) -> None:
    entered = await enter(auth)
    assert "ring" not in repr(operator)
    assert entered.token not in repr(entered)
