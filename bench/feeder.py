"""The PBX of the screen-pop benchmark: as much of AMI as calls from outside need, in the load's own process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.office import NUMBER
from tests.ami.fake_server import FakeAmi, Headers, message

TRUNK_CONTEXT = "callwright-inbound-offer"


@dataclass
class Feeder(FakeAmi):
    """Puts every operator who asks into session at once; calls come in when `call_in` says so."""

    allowed_s: float = 30.0
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.commands = (*self.commands, "MuteAudio")
        self.answers["Originate"] = self._session
        self.answers["Redirect"] = self._redirected
        self.on_ring: Callable[[str], None] = lambda leg: None

    def call_in(self, leg: str, number: str) -> float:
        """A call from outside asks where to go; when its bytes were written, by `perf_counter`."""
        offer = inbound(leg, number)
        begun = time.perf_counter()
        self.push(offer)
        return begun

    def caller_gives_up(self, leg: str, number: str) -> None:
        self.push(event("Hangup", leg, number, "callwright-inbound-ring", "Cause: 16", "Cause-txt: Normal"))

    def _session(self, headers: Headers) -> str:
        leg, context = headers["ChannelId"], headers["Context"]
        queued = message("Response: Success", f"ActionID: {headers['ActionID']}", "Message: queued")
        up = event("Newstate", leg, "100", context, state=6)
        ready = event(
            "UserEvent", leg, "100", context, "UserEvent: CallwrightSession", "State: ready", state=6
        )
        return queued + event("Newchannel", leg, "100", context, state=0) + up + ready

    def _redirected(self, headers: Headers) -> str:
        self.on_ring(headers["Channel"])
        return message(
            "Response: Success", f"ActionID: {headers['ActionID']}", "Message: Redirect successful"
        )


def inbound(leg: str, number: str) -> str:
    """What a real Asterisk says when a call comes in (tests/captures/inbound_taken.capture)."""
    offered = event(
        "UserEvent", leg, number, TRUNK_CONTEXT, "UserEvent: CallwrightInbound", f"Dialled: {NUMBER}"
    )
    return event("Newchannel", leg, number, "callwright-inbound") + offered


def event(name: str, leg: str, number: str, context: str, *more: str, state: int = 4) -> str:
    return message(
        f"Event: {name}",
        "Privilege: call,all",
        f"Timestamp: {time.time():.6f}",
        f"Channel: PJSIP/trunk-{leg[-8:]}",
        f"ChannelState: {state}",
        "ChannelStateDesc: Ring",
        f"CallerIDNum: {number}",
        "CallerIDName: <unknown>",
        "ConnectedLineNum: <unknown>",
        "ConnectedLineName: <unknown>",
        "Language: en",
        "AccountCode: ",
        f"Context: {context}",
        f"Exten: {NUMBER}",
        "Priority: 1",
        f"Uniqueid: {leg}",
        f"Linkedid: {leg}",
        *more,
    )
