"""Signed links: for one listener, one recording, a few minutes, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.links import LIFETIME_S, is_valid, sign

SECRET = bytes(range(32))
NOW = 1_800_000_000
calls = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=1, max_size=26)
users = st.integers(1, 10**9)
lifetimes = st.integers(0, LIFETIME_S)


def valid(signature: str, **changed: Any) -> bool:
    given_ = {
        "secret": SECRET,
        "call_id": "C1",
        "segment": 1,
        "user_id": 7,
        "expires": NOW + 60,
        "now": NOW,
    } | changed
    return is_valid(given_.pop("secret"), signature, **given_)


@given(calls, users, lifetimes)
def test_a_link_opens_what_it_was_signed_for(call_id: str, user_id: int, lifetime: int) -> None:
    expires = NOW + lifetime
    signature = sign(SECRET, call_id=call_id, segment=1, user_id=user_id, expires=expires)
    assert valid(signature, call_id=call_id, user_id=user_id, expires=expires)


@given(calls, users, st.integers(NOW, NOW + LIFETIME_S), st.binary(min_size=32, max_size=32))
def test_a_link_opens_nothing_else(call_id: str, user_id: int, expires: int, secret: bytes) -> None:
    signature = sign(SECRET, call_id="C1", segment=1, user_id=7, expires=NOW + 60)
    for changed in (
        {"call_id": call_id},
        {"segment": 2},
        {"user_id": user_id},
        {"expires": expires},
        {"secret": secret},
    ):
        same = changed in ({"call_id": "C1"}, {"user_id": 7}, {"expires": NOW + 60}, {"secret": SECRET})
        assert valid(signature, **changed) == same


def test_parts_cannot_be_moved_from_one_to_the_other() -> None:
    """`C1:1` heard by user 1 is not `C1` heard by user 11."""
    assert sign(SECRET, call_id="C1:1", segment=1, user_id=1, expires=NOW) != sign(
        SECRET, call_id="C1", segment=1, user_id=11, expires=NOW
    )


@given(st.integers(-(10**6), 10**6))
def test_a_link_lives_so_long_and_no_longer(lifetime: int) -> None:
    expires = NOW + lifetime
    signature = sign(SECRET, call_id="C1", segment=1, user_id=7, expires=expires)
    assert valid(signature, expires=expires) == (0 <= lifetime <= LIFETIME_S)


@given(st.text(max_size=80))
def test_no_text_is_a_signature(text: str) -> None:
    assert not valid(text)
