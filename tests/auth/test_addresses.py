"""Whose tries are counted when a proxy stands before the daemon."""

from __future__ import annotations

import pytest

from dialer.auth.addresses import client_address, networks

TRUSTED = networks(("127.0.0.1", "::1", "10.0.0.0/24"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the left one is what the caller wrote
        ("127.0.0.1", ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),  # in two headers
        ("127.0.0.1", ["203.0.113.7, 10.0.0.5"], "203.0.113.7"),  # over two proxies of ours
        ("::1", ["2001:DB8::7"], "2001:db8::7"),
        ("::ffff:127.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # no proxy of ours: its header is only a claim
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7, unknown, 10.0.0.5"], "10.0.0.5"),  # nothing left of it is to be believed
        ("127.0.0.1", ["10.0.0.6, 10.0.0.5"], "10.0.0.6"),  # one of our own machines
        ("", ["203.0.113.7"], ""),
    ],
)
def test_the_right_most_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: list[str], address: str
) -> None:
    assert client_address(peer, forwarded, TRUSTED) == address


def test_nobody_is_believed_unless_it_is_said() -> None:
    assert client_address("127.0.0.1", ["203.0.113.7"], networks(())) == "127.0.0.1"
