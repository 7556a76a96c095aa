"""Logging in, being logged in, being thrown out; and the users themselves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy.exc

from dialer.auth import sessions, users
from dialer.auth.model import Refused, Role, User
from dialer.auth.passwords import Passwords, PasswordsBusy, flaw
from dialer.auth.sessions import WHOLE, OpenSessions, Session, key_of, new_token
from dialer.auth.throttle import Throttle
from dialer.store import Store, StoreError

log = logging.getLogger(__name__)

SWEEP = timedelta(minutes=1)
LONGEST_LOGIN = 64
_BUSY_S = 5


@dataclass(frozen=True, slots=True)
class Entered:
    """A login that succeeded. The token goes into the cookie and nowhere else."""

    token: str = field(repr=False)
    session: Session


class Auth:
    """Users and sessions of one store. `start` and `stop` own the task that writes down who was seen."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._passwords = Passwords()
        self._throttle = Throttle()
        self._open = OpenSessions()
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._sweeper = asyncio.create_task(self._sweep_on(), name="auth:sweep")

    async def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            await self._sweep_quietly()
        self._passwords.close()

    # --- sessions -------------------------------------------------------------------------------------------

    async def login(self, login: str, password: str, address: str) -> Entered | Refused:
        """Opens a session with a new token, or says `login_wrong`, `login_throttled` (seconds)."""
        known_as = users.canonical(login)[:LONGEST_LOGIN]
        pause_s = self._throttle.ask(known_as, address, self._monotonic())
        if pause_s:
            return Refused(code="login_throttled", params={"seconds": pause_s})
        row = await self._store.read(lambda c: users.find_login(c, known_as))
        stored = row.password_hash if row is not None and row.active else None
        try:
            right = await self._passwords.check(stored, password)
        except PasswordsBusy:
            return Refused(code="login_throttled", params={"seconds": _BUSY_S})
        entered = await self._enter(users.user_of(row), stored) if right and row and stored else None
        if entered is None:
            log.info("auth.login_refused")
            return Refused(code="login_wrong")
        self._throttle.entered(known_as, address, self._monotonic())
        return entered

    async def _enter(self, user: User, password_hash: str) -> Entered | None:
        token, now = new_token(), self._now()
        session = Session(key=key_of(token), user=user, seen_at=now, expires_at=now + WHOLE, written_at=now)
        if not await self._store.write(lambda c: sessions.open_row(c, session, password_hash)):
            return None
        log.info("auth.login user=%d", user.id)
        return Entered(token, self._open.put(session))

    async def session(self, token: str) -> Session | None:
        """The living session of a token, and marks it as used now. From memory, but for the first time."""
        if not token:
            return None
        key = key_of(token)
        found = self._open.get(key) or await self._read_session(key)
        return found if found is not None and self.touch(found) else None

    async def _read_session(self, key: str) -> Session | None:
        while True:
            era = self._open.era
            found = await self._store.read(lambda c: sessions.find_row(c, key))
            if found is None or not found.alive(self._now()):
                return None
            if era == self._open.era:  # else somebody was thrown out meanwhile: look again
                return self._open.put(found)

    def touch(self, session: Session) -> bool:
        """The session is in use now (a request, a living websocket). False when it is over all the same."""
        now = self._now()
        if not session.alive(now):
            self._open.end(lambda other: other.key == session.key)
            return False
        session.seen_at = max(session.seen_at, now)
        return True

    async def logout(self, session: Session) -> None:
        """Ends one session, on all its pages."""
        await self._store.write(lambda c: sessions.drop_row(c, session.key))
        self._open.end(lambda other: other.key == session.key)

    async def end_all(self, user_id: int) -> None:
        """Ends all sessions of a user."""
        await self._store.write(lambda c: sessions.drop_rows_of(c, user_id))
        self._open.end(lambda session: session.user.id == user_id)

    async def sweep(self) -> None:
        """Ends what is over and writes down when the others were last used."""
        now = self._now()
        self._open.end(lambda session: not session.alive(now))
        fresh = self._open.unwritten()
        seen = {session.key: session.seen_at for session in fresh}
        await self._store.write(lambda c: sessions.write_seen(c, seen, now))
        for session in fresh:
            session.written_at = seen[session.key]

    async def _sweep_on(self) -> None:
        while True:
            await asyncio.sleep(SWEEP.total_seconds())
            await self._sweep_quietly()

    async def _sweep_quietly(self) -> None:
        try:
            await self.sweep()
        except StoreError as error:  # the store says what is wrong; the next sweep writes the same
            log.warning("auth.sweep_failed error=%s", type(error).__name__)
        except Exception:
            log.exception("auth.sweep_failed")  # one fault must not end all later sweeps

    # --- users ----------------------------------------------------------------------------------------------

    async def create_user(
        self,
        *,
        login: str,
        name: str,
        password: str,
        role: Role,
        language: str = "ru",
        phone_kind: str = "sip",
        endpoint: str = "",
        pbx: str = "",
        phone_secret: str | None = None,
    ) -> User | Refused:
        """A new user, or what is wrong: `login_form`, `login_taken`, `password_short`, `endpoint_form`..."""
        known_as = users.canonical(login)
        wrong = users.wrong_user(known_as, name, language, phone_kind, endpoint) or flaw(password, known_as)
        if wrong:
            return Refused(code=wrong)
        row = {
            "login": known_as,
            "name": name.strip(),
            "password_hash": await self._passwords.hash(password),
            "role": role.value,
            "language": language,
            "theme": "system",
            "single_keys": True,
            "phone_kind": phone_kind,
            "endpoint": endpoint,
            "pbx": pbx,
            "phone_secret": phone_secret,
            "active": True,
            "created_at": self._now(),
        }
        try:
            return await self._store.write(lambda c: users.add_user(c, row))
        except sqlalchemy.exc.IntegrityError:
            return Refused(code="login_taken")

    async def all_users(self) -> list[User]:
        """All users, by login."""
        return await self._store.read(users.all_users)

    async def change_own(
        self,
        user_id: int,
        *,
        language: str | None = None,
        theme: str | None = None,
        single_keys: bool | None = None,
    ) -> User | Refused:
        """What a user sets for itself; None leaves a setting as it is."""
        if wrong := users.wrong_setting(language, theme):
            return Refused(code=wrong)
        given = {"language": language, "theme": theme, "single_keys": single_keys}
        return await self._change(user_id, {key: value for key, value in given.items() if value is not None})

    async def set_password(self, user_id: int, password: str) -> User | Refused:
        """A new password; all sessions of the user end."""
        login = await self._store.read(lambda c: users.login_of(c, user_id))
        if wrong := flaw(password, login or ""):
            return Refused(code=wrong)
        changed = await self._change(user_id, {"password_hash": await self._passwords.hash(password)})
        await self.end_all(user_id)
        return changed

    async def set_pbx(self, user_id: int, pbx: str) -> User | Refused:
        """The user's phone is at this PBX from the next session on."""
        return await self._change(user_id, {"pbx": pbx})

    async def set_active(self, user_id: int, active: bool) -> User | Refused:
        """Lets a user in again, or throws one out of all sessions at once."""
        changed = await self._change(user_id, {"active": active})
        if not active:
            await self.end_all(user_id)
        return changed

    async def _change(self, user_id: int, values: dict[str, Any]) -> User | Refused:
        changed = await self._store.write(lambda c: users.change_user(c, user_id, values))
        if changed is None:
            return Refused(code="user_unknown")
        self._open.renew(changed)
        return changed
