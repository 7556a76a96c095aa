"""asterisk-conf/extensions.conf as the virtual PBX walks it: one function a context.

`enter` and `after_bridge` give back what is said at once; what comes later stands on the channel's timers.
Priorities are those that the captures show.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dialer.simulation.channels import UP, Channel

if TYPE_CHECKING:
    from dialer.simulation.exchange import Exchange

SESSION_WAITS_S = 3600
CLIENT_WAITS_S = 10
OFFER_WAITS_S = 0.5
INBOUND_RINGS_S = 25
FALLBACK_RINGS_S = 30
RECORDING_STARTS_S = 0.01  # after an answer that we give ourselves
ID_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Dialplan:
    """`fallback`: the phone of CW_FALLBACK, or "" as shipped."""

    def __init__(self, exchange: Exchange, fallback: str) -> None:
        self._x = exchange
        self._fallback_phone = fallback
        self.contexts = {
            "callwright-session": self._session,
            "callwright-client": self._client,
            "callwright-inbound-offer": self._offer,
            "callwright-inbound-ring": self._ring,
            "callwright-fallback": self._fallback,
        }

    def enter(self, channel: Channel, context: str, exten: str) -> list[str]:
        """A channel comes to the first priority of a context."""
        known = self.contexts.get(context)
        if known is None or exten != "s":
            said = self._x.soft(channel, 16)
            channel.context, channel.exten, channel.priority = context, exten, 1
            return [said, self._x.end(channel, 0)]
        channel.stop_waiting()
        channel.context, channel.exten, channel.priority = context, exten, 1
        return known(channel)

    def after_bridge(self, channel: Channel) -> list[str]:
        """What a leg does whose partner is gone; nothing = it ends."""
        return self._ready(channel) if channel.context == "callwright-session" else []

    def phone_gone(self, phone: Channel) -> None:
        """The fallback's phone did not answer: the caller's Dial is over, and after it comes Hangup."""
        caller = phone.dialled_by
        if caller is not None and caller.alive:
            self._x.say(self._x.soft(caller, 16) + self._x.end(caller, 16))

    # --- contexts ---

    def _session(self, channel: Channel) -> list[str]:
        return self._ready(channel)

    def _ready(self, channel: Channel) -> list[str]:
        channel.priority = 2
        said = self._said(channel, "CallwrightSession", "State: ready\r\n")
        channel.priority = 4
        self._wait(channel, SESSION_WAITS_S, lambda: self._x.say("".join(self._ready(channel))))
        return [said]

    def _client(self, channel: Channel) -> list[str]:
        if channel.state == UP:
            return self._recorded(channel)
        channel.state = UP
        if channel.far.talk_s is not None:
            self._x.after(channel, channel.far.talk_s, partial(self._x.hang_up_far_end, channel))
        self._wait(channel, RECORDING_STARTS_S, lambda: self._x.say("".join(self._recorded(channel))))
        return [self._x.told("Newstate", channel)]

    def _recorded(self, channel: Channel) -> list[str]:
        said = []
        variables = channel.variables
        file = "".join(one for one in variables.get("CW_CALL", "") if one in ID_CHARACTERS)
        if variables.get("CW_RECORD") == "1" and file:
            channel.priority = 4
            channel.recorded_as = file
            self._x.tape.start(file, self._x.clock.now())
            said.append(self._x.told("MixMonitorStart", channel))
        channel.priority = 5
        said.append(self._said(channel, "CallwrightClient", f"Call: {file}\r\n"))
        channel.priority = 6
        self._wait(channel, CLIENT_WAITS_S, partial(self._nobody_came, channel))
        return said

    def _nobody_came(self, channel: Channel) -> None:
        channel.priority = 7
        self._x.say(self._x.soft(channel, 16) + self._x.end(channel, 16))

    def _offer(self, channel: Channel) -> list[str]:
        channel.priority = 2
        dialled = channel.variables.get("CW_DIALLED", "")
        said = self._said(channel, "CallwrightInbound", f"Dialled: {dialled}\r\n")
        channel.priority = 3
        self._wait(channel, OFFER_WAITS_S, partial(self._x.enter, channel, "callwright-fallback"))
        return [said]

    def _ring(self, channel: Channel) -> list[str]:
        channel.priority = 2
        self._wait(channel, INBOUND_RINGS_S, partial(self._x.enter, channel, "callwright-fallback"))
        return []

    def _fallback(self, channel: Channel) -> list[str]:
        said = [self._said(channel, "CallwrightFallback", "")]
        channel.priority = 3
        if self._fallback_phone:
            # After what is said here: the phone's own events follow it.
            self._wait(channel, 0.0, partial(self._ring_fallback, channel))
            return said
        channel.priority = 5
        return [*said, self._x.soft(channel, 16), self._x.end(channel, 20, "480")]

    def _ring_fallback(self, channel: Channel) -> None:
        channel.partner = self._x.ring_phone(self._fallback_phone, channel, FALLBACK_RINGS_S)
        if channel.partner is None:
            self._x.say(self._x.soft(channel, 16) + self._x.end(channel, 16))

    # --- small things ---

    def _said(self, channel: Channel, name: str, more: str) -> str:
        return self._x.told("UserEvent", channel, f"UserEvent: {name}\r\n{more}", "user")

    def _wait(self, channel: Channel, seconds: float, then: Callable[[], None]) -> None:
        channel.waiting = self._x.clock.later(seconds, then)
