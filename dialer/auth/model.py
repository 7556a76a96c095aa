"""Users, their roles, and what a role may do."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


class Role(enum.StrEnum):
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    MANAGER = "manager"
    REVIEWER = "reviewer"
    COURIER = "courier"
    DISPATCHER = "dispatcher"


class Permission(enum.StrEnum):
    """What a route asks for. A route without one is closed to everybody."""

    OWN_PROFILE = "own_profile"
    OWN_TASKS = "own_tasks"  # what one has to do oneself, and words from colleagues
    USE_DESK = "use_desk"
    REHEARSE = "rehearse"  # go through scripts with nobody on the line
    SEE_CONSOLE = "see_console"
    SEE_CALLS = "see_calls"  # lists of calls and a call's page, without sound
    LISTEN = "listen"  # recordings of any operator
    LISTEN_LIVE = "listen_live"  # to calls as they are, and speak in them, and take them over
    HOLD_RECORDINGS = "hold_recordings"  # keep one from being deleted in its time
    SEE_LISTENINGS = "see_listenings"  # who heard what
    REVIEW = "review"  # calls, on a score card
    REVIEW_FORMS = "review_forms"  # the score cards themselves
    RUN_CAMPAIGNS = "run_campaigns"
    EDIT_SCRIPTS = "edit_scripts"
    STOP_LINES = "stop_lines"  # the kill switch, and letting go on
    MANAGE_LINES = "manage_lines"  # caller IDs, ranges, prices, caps, hours
    MANAGE_USERS = "manage_users"
    MANAGE_HOOKS = "manage_hooks"  # what left the house by web hooks, and sending it again
    CHECK_HEALTH = "check_health"  # of PBX, store and machine, with their addresses


_EVERYBODY = frozenset({Permission.OWN_PROFILE})
_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: _EVERYBODY | {Permission.OWN_TASKS, Permission.USE_DESK, Permission.REHEARSE},
    Role.SUPERVISOR: _EVERYBODY
    | {
        Permission.OWN_TASKS,
        Permission.REHEARSE,
        Permission.SEE_CONSOLE,
        Permission.SEE_CALLS,
        Permission.LISTEN,
        Permission.LISTEN_LIVE,
        Permission.HOLD_RECORDINGS,
        Permission.SEE_LISTENINGS,
        Permission.REVIEW,
        Permission.REVIEW_FORMS,
        Permission.RUN_CAMPAIGNS,
        Permission.EDIT_SCRIPTS,
        Permission.STOP_LINES,
    },
    Role.ADMIN: frozenset(Permission) - {Permission.USE_DESK},
    Role.MANAGER: _EVERYBODY,
    Role.REVIEWER: _EVERYBODY
    | {Permission.SEE_CALLS, Permission.LISTEN, Permission.HOLD_RECORDINGS, Permission.REVIEW},
    Role.COURIER: _EVERYBODY,
    Role.DISPATCHER: _EVERYBODY,
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission; what is not granted is refused."""
    return permission in _PERMISSIONS.get(role, frozenset())


def roles_that(permission: Permission) -> tuple[Role, ...]:
    """The roles that have a permission."""
    return tuple(role for role in Role if may(role, permission))


def home(role: Role) -> str:
    """The page that a user of this role works on."""
    return "/operator" if may(role, Permission.USE_DESK) else "/console"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in, without the password's hash."""

    id: int
    login: str
    name: str
    role: Role
    language: str = "ru"
    theme: str = "system"
    single_keys: bool = True
    phone_kind: str = "sip"
    endpoint: str = ""
    pbx: str = ""  # where that phone is; "" = at the first one
    phone_secret: str | None = field(default=None, repr=False)
    active: bool = True
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A no with its reason: `login_wrong`, `login_throttled` (seconds), `login_taken`, `login_form`, ..."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
