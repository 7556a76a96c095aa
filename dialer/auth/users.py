"""The rows of users, and what a new user must look like."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from dialer.auth.model import Role, User
from dialer.auth.tables import users

LANGUAGES = ("ru", "en")
THEMES = ("light", "dark", "system")
PHONE_KINDS = ("sip", "webrtc")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_ENDPOINT = re.compile(r"[A-Za-z0-9_-]{1,32}")  # as telephony orders it


def canonical(login: str) -> str:
    """One form for all ways to type a login."""
    return login.strip().casefold()


def wrong_user(login: str, name: str, language: str, phone_kind: str, endpoint: str) -> str | None:
    """The code of what is wrong with a new user's data, None if nothing is."""
    if not _LOGIN.fullmatch(login):
        return "login_form"
    if not name.strip() or len(name) > 200:
        return "name_missing"
    if language not in LANGUAGES:
        return "language_unknown"
    if phone_kind not in PHONE_KINDS:
        return "phone_kind_unknown"
    if endpoint and not _ENDPOINT.fullmatch(endpoint):
        return "endpoint_form"
    return None


def wrong_setting(language: str | None, theme: str | None) -> str | None:
    """The code of what is wrong with a setting, None if nothing is."""
    if language is not None and language not in LANGUAGES:
        return "language_unknown"
    if theme is not None and theme not in THEMES:
        return "theme_unknown"
    return None


def user_of(row: Row[Any]) -> User:
    """A row that has the columns of `users`, as a user."""
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        theme=row.theme,
        single_keys=row.single_keys,
        phone_kind=row.phone_kind,
        endpoint=row.endpoint,
        pbx=row.pbx,
        phone_secret=row.phone_secret,
        active=row.active,
        created_at=row.created_at,
    )


# --- units of work ------------------------------------------------------------------------------------------


def find_login(connection: Connection, login: str) -> Row[Any] | None:
    """The whole row, with the password's hash."""
    return connection.execute(select(users).where(users.c.login == login)).first()


def login_of(connection: Connection, user_id: int) -> str | None:
    return connection.execute(select(users.c.login).where(users.c.id == user_id)).scalar()


def add_user(connection: Connection, values: dict[str, Any]) -> User:
    return user_of(connection.execute(insert(users).values(values).returning(users)).one())


def change_user(connection: Connection, user_id: int, values: dict[str, Any]) -> User | None:
    """The user as it is then; None for an unknown one."""
    if values:
        connection.execute(update(users).where(users.c.id == user_id).values(values))
    row = connection.execute(select(users).where(users.c.id == user_id)).first()
    return None if row is None else user_of(row)


def all_users(connection: Connection) -> list[User]:
    return [user_of(row) for row in connection.execute(select(users).order_by(users.c.login))]
