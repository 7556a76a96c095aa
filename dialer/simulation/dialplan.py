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
ALONE_WAITS_S = 20
HOLD_WAITS_S = 3600
THIRD_WAITS_S = 15
OUT_WAITS_S = 2
OUT_LINGERS_S = 0.2
ECHO_LASTS_S = 20
OFFER_WAITS_S = 0.5
INBOUND_RINGS_S = 25
FALLBACK_RINGS_S = 30
RECORDING_STARTS_S = 0.01  # after an answer that we give ourselves
NORMAL = 16
_OUT = {"client": "callwright-hold", "operator": "callwright-session", "third": "callwright-third"}
INBOUND = frozenset({"callwright-inbound-offer", "callwright-inbound-ring", "callwright-fallback"})
ID_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Dialplan:
    """`fallback`: the phone of CW_FALLBACK, or "" as shipped."""

    def __init__(self, exchange: Exchange, fallback: str) -> None:
        self._x = exchange
        self._fallback_phone = fallback
        self.places: dict[tuple[str, str], Callable[[Channel], list[str]]] = {
            ("callwright-session", "s"): self._session,
            ("callwright-client", "s"): self._client,
            ("callwright-alone", "s"): self._alone,
            ("callwright-hold", "s"): self._hold,
            ("callwright-third", "s"): self._third,
            ("callwright-echo", "s"): self._echo,
            ("callwright-inbound-offer", "s"): self._offer,
            ("callwright-inbound-ring", "s"): self._ring,
            ("callwright-fallback", "s"): self._fallback,
            **{("callwright-room", who): self._room for who in ("client", "operator", "third")},
            ("callwright-room", "out"): self._out,
            **{("callwright-listen", mode): self._listen for mode in ("listen", "whisper", "barge")},
        }

    def enter(self, channel: Channel, context: str, exten: str) -> list[str]:
        """A channel comes to the first priority of a context."""
        known = self.places.get((context, exten))
        channel.behind = False
        channel.spied = ""
        if known is None:
            said = self._x.soft(channel, 16)
            channel.context, channel.exten, channel.priority = context, exten, 1
            return [said, self._x.end(channel, 0)]
        channel.stop_waiting()
        channel.context, channel.exten, channel.priority = context, exten, 1
        return known(channel)

    def after_bridge(self, channel: Channel) -> list[str]:
        """What a leg does whose bridge has ended; nothing = it is hung up."""
        channel.behind = False
        match channel.context, channel.exten:
            case ("callwright-session", _):
                return self._ready(channel)
            case ("callwright-client" | "callwright-hold" | "callwright-alone", _):
                return self.enter(channel, "callwright-alone", "s")
            case ("callwright-room", "out"):
                self._wait(channel, OUT_LINGERS_S, partial(self._after_out, channel))
                return [""]
            case ("callwright-room", "operator"):
                channel.context, channel.exten = "callwright-session", "s"
                return self._ready(channel)
            case ("callwright-room", _):
                channel.priority = 4
        return []

    def spied_gone(self, listener: Channel) -> str:
        """The leg that this one listened to is no more."""
        if listener.bridge is not None:
            return ""
        listener.priority = 3
        return self._x.soft(listener, NORMAL) + self._x.end(listener, NORMAL)

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
        channel.priority = 7
        self._wait(channel, CLIENT_WAITS_S, partial(self._hangup, channel, 9))
        return said

    def _alone(self, channel: Channel) -> list[str]:
        said = self._said(channel, "CallwrightAlone", "")
        channel.priority = 4
        self._wait(channel, ALONE_WAITS_S, partial(self._hangup, channel, 6))
        return [said]

    def _hold(self, channel: Channel) -> list[str]:
        said = self._said(channel, "CallwrightHold", "")
        channel.priority = 4
        self._wait(channel, HOLD_WAITS_S, partial(self._hangup, channel, 6))
        return [said]

    def _third(self, channel: Channel) -> list[str]:
        channel.priority = 2
        said = [] if "CW_OUT" in channel.variables else [self._said(channel, "CallwrightThird", "")]
        channel.priority = 3
        self._wait(channel, THIRD_WAITS_S, partial(self._hangup, channel, 4))
        return said

    def _out(self, channel: Channel) -> list[str]:
        self._wait(channel, OUT_WAITS_S, lambda: self._x.enter(channel, channel.variables["CW_OUT"]))
        return []

    def _after_out(self, channel: Channel) -> None:
        match channel.variables["CW_OUT"]:
            case "callwright-hold":
                self._x.enter(channel, "callwright-alone")
            case "callwright-session":
                channel.context, channel.exten = "callwright-session", "s"
                self._x.say("".join(self._ready(channel)))
            case _:
                self._hangup(channel, 6)

    def _room(self, channel: Channel) -> list[str]:
        channel.priority = 3
        channel.variables["CW_OUT"] = _OUT[channel.exten]
        name = "".join(one for one in channel.variables.get("CW_ROOM", "") if one in ID_CHARACTERS)
        return [self._x.bridging.enter_room(name, channel)]

    def _listen(self, channel: Channel) -> list[str]:
        channel.priority = 2
        spied = channel.variables.get("CW_SPIED", "")
        if self._x.lives(spied):
            channel.spied = spied
            return []
        return [self._x.soft(channel, NORMAL), self._x.end(channel, 0)]

    def _echo(self, channel: Channel) -> list[str]:
        channel.priority = 3
        self._wait(channel, ECHO_LASTS_S, partial(self._hangup, channel, 3))
        return []

    def _hangup(self, channel: Channel, priority: int) -> None:
        """The application Hangup, where it stands."""
        channel.priority = priority
        self._x.say(self._x.soft(channel, NORMAL) + self._x.end(channel, NORMAL))

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
