"""What stands around a desk in memory: read once, when the work begins or the daemon starts."""

from __future__ import annotations

import msgspec

from dialer.campaigns.model import Campaign
from dialer.campaigns.service import PastResult
from dialer.clients.deals import Deal
from dialer.clients.service import Client
from dialer.scripts.service import Run, Version


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around the work on the page: read once, when the work begins or the daemon starts."""

    campaign: Campaign
    client: Client
    history: list[PastResult]
    deal: Deal | None = None
    version: Version | None = None
    run: Run | None = None


class Today(msgspec.Struct, frozen=True, kw_only=True):
    calls: int = 0
    successes: int = 0
    talk_s: int = 0
    tasks: int = 0  # open ones
    troubles: int = 0  # what scripts did not bring about, and the operator has not seen yet
