from __future__ import annotations

from dialer.automation.signing import DELIVERY, SIGNATURE, TIMESTAMP, headers, sign


def test_the_signature_is_what_docs_actions_tells_receivers_to_check() -> None:
    """`printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret` gives the same."""
    wanted = "sha256=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
    assert sign("secret", 1_700_000_000, b'{"a":1}') == wanted


def test_without_a_secret_nothing_is_signed() -> None:
    assert SIGNATURE not in headers("", "d", 1, b"{}")
    told = headers("s", "d", 1, b"{}")
    assert (told[DELIVERY], told[TIMESTAMP]) == ("d", "1")
    assert told[SIGNATURE] != headers("s", "d", 2, b"{}")[SIGNATURE]
