"""Every cell of roles and permissions, said twice: here and there."""

from __future__ import annotations

import pytest

from dialer.auth.model import Permission, Role, home, may

ALLOWED = {
    Permission.OWN_PROFILE: set(Role),
    Permission.OWN_TASKS: {Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN},
    Permission.USE_DESK: {Role.OPERATOR},
    Permission.REHEARSE: {Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN},
    Permission.SEE_CONSOLE: {Role.SUPERVISOR, Role.ADMIN},
    Permission.SEE_CALLS: {Role.SUPERVISOR, Role.ADMIN, Role.REVIEWER},
    Permission.LISTEN: {Role.SUPERVISOR, Role.ADMIN, Role.REVIEWER},
    Permission.LISTEN_LIVE: {Role.SUPERVISOR, Role.ADMIN},
    Permission.HOLD_RECORDINGS: {Role.SUPERVISOR, Role.ADMIN, Role.REVIEWER},
    Permission.SEE_LISTENINGS: {Role.SUPERVISOR, Role.ADMIN},
    Permission.REVIEW: {Role.SUPERVISOR, Role.ADMIN, Role.REVIEWER},
    Permission.REVIEW_FORMS: {Role.SUPERVISOR, Role.ADMIN},
    Permission.STOP_LINES: {Role.SUPERVISOR, Role.ADMIN},
    Permission.MANAGE_LINES: {Role.ADMIN},
    Permission.CHECK_HEALTH: {Role.ADMIN},
    Permission.MANAGE_HOOKS: {Role.ADMIN},
    Permission.RUN_CAMPAIGNS: {Role.SUPERVISOR, Role.ADMIN},
    Permission.EDIT_SCRIPTS: {Role.SUPERVISOR, Role.ADMIN},
    Permission.MANAGE_USERS: {Role.ADMIN},
}


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(role: Role, permission: Permission) -> None:
    assert may(role, permission) == (role in ALLOWED[permission])


def test_the_page_of_a_role() -> None:
    assert {role: home(role) for role in (Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN)} == {
        Role.OPERATOR: "/operator",
        Role.SUPERVISOR: "/console",
        Role.ADMIN: "/console",
    }
