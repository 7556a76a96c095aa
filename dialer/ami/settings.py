"""How one Asterisk is reached: a frozen value, filled from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """Times are in seconds. `login` is "challenge" (the secret does not travel) or "plain"."""

    name: str = "asterisk"
    host: str = "127.0.0.1"
    port: int = 5038
    user: str = "callwright"
    secret: str = field(default="", repr=False)
    login: Literal["challenge", "plain"] = "challenge"
    tls: bool = False
    tls_ca: str = ""  # a file of certificates; "" takes the machine's own
    allow_excess_rights: bool = False  # dial although the account may do more than it needs
    connect_s: float = 2.0
    ping_s: float = 2.0
    silence_s: float = 5.0  # no byte for so long although we ping: the peer is gone
    action_s: float = 5.0
    list_s: float = 10.0
    boot_s: float = 3.0  # how long FullyBooted is waited for after the login
