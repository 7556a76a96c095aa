from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dialer.scripts.rights import NOBODY_NAMED, Right, Rights, allowed, unknown

ROLES = ("operator", "supervisor", "reviewer")
WHO = [*(f"role:{role}" for role in ROLES), *(f"user:{user}" for user in range(1, 5))]
RIGHTS: tuple[Right, ...] = ("see", "start", "edit")
names = st.lists(st.sampled_from(WHO), max_size=3).map(tuple)


def test_where_nobody_is_named_everybody_may() -> None:
    assert all(
        allowed(NOBODY_NAMED, right, user_id=1, role=role) for right, role in itertools.product(RIGHTS, ROLES)
    )


def test_who_may_edit_may_see() -> None:
    rights = Rights(see=("user:1",), edit=("user:2",))
    assert [allowed(rights, "see", user_id=user, role="supervisor") for user in (1, 2, 3)] == [
        True,
        True,
        False,
    ]
    assert [allowed(rights, "edit", user_id=user, role="supervisor") for user in (1, 2, 3)] == [
        False,
        True,
        False,
    ]


@given(names, names, names, st.integers(1, 4), st.sampled_from(ROLES))
def test_only_those_who_are_named(
    see: tuple[str, ...], start: tuple[str, ...], edit: tuple[str, ...], user: int, role: str
) -> None:
    rights = Rights(see=see, start=start, edit=edit)
    me = {f"user:{user}", f"role:{role}"}
    for right in RIGHTS:
        assert allowed(rights, right, user_id=user, role="admin")
        may = allowed(rights, right, user_id=user, role=role)
        named = bool(me & set(rights.of(right)))
        assert may == (not rights.of(right) or named or (right == "see" and bool(me & set(edit))))


def test_who_does_not_exist_is_found() -> None:
    rights = Rights(see=("role:operator", "user:9"), edit=("role:king", "nobody"))
    assert unknown(rights, users=[1], roles=ROLES) == ["user:9", "role:king", "nobody"]
