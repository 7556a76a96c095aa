"""The virtual PBX itself: channels and what happens to them, told as AMI events.

Without sockets and without waiting: time comes from a `Clock`, chance from a `random.Random`. It does what the
captures of a real Asterisk show (tests/captures) and nothing else. Where those show several orders of the same
moment's events, chance picks one: whoever listens must not rely on any.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from dialer.simulation.bridging import NORMAL, Bridging
from dialer.simulation.channels import (
    RING,
    UP,
    Caller,
    Channel,
    Order,
    cause_lines,
    event,
)
from dialer.simulation.clock import Clock
from dialer.simulation.dialling import TRUNK_CONTEXT, Dialling
from dialer.simulation.dialplan import Dialplan
from dialer.simulation.far_end import FarEnd, FarEnds
from dialer.simulation.tape import NoTape, Tape


class Exchange:
    """All channels of one life of the PBX. `emit` gets the text of events, whole ones, in order."""

    def __init__(
        self,
        *,
        clock: Clock,
        ends: FarEnds,
        rng: random.Random,
        emit: Callable[[str], None],
        tape: Tape | None = None,
        fallback: str = "",
        started: float | None = None,
    ) -> None:
        self.clock = clock
        self.ends = ends
        self.rng = rng
        self.tape: Tape = tape or NoTape()
        self.started = clock.now() if started is None else started
        self.processed = 0
        self.fallback = fallback
        self._emit = emit
        self._by_id: dict[str, Channel] = {}
        self._by_name: dict[str, Channel] = {}
        self._serial = 0
        self._plan = Dialplan(self, fallback)
        self.bridging = Bridging(self, self._plan)
        self._dialling = Dialling(self, self._plan)

    # --- what lives ---

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._by_id.values())

    def find(self, key: str) -> Channel | None:
        """By name, then by unique id, as Asterisk does."""
        return self._by_name.get(key) or self._by_id.get(key)

    def lives(self, channel_id: str) -> bool:
        return channel_id in self._by_id

    def has_place(self, context: str, exten: str) -> bool:
        return (context, exten) in self._plan.places

    def idle_sessions(self) -> int:
        """Operators' legs that stand in the session loop and talk to nobody."""
        return sum(1 for one in self if one.context == "callwright-session" and one.bridge is None)

    # --- orders ---

    def originate(self, order: Order) -> None:
        """Carry out an order that was answered "queued": whatever becomes of it is an event."""
        self._dialling.originate(order)

    def ring_phone(self, endpoint: str, caller: Channel, timeout_s: float) -> Channel | None:
        """Dial a phone for an inbound call (the fallback); None = there is no such phone."""
        return self._dialling.ring_phone(endpoint, caller, timeout_s)

    def call_in(
        self, *, number: str, name: str, dialled: str, patience_s: float, talk_s: float | None
    ) -> Channel:
        """A call from outside over the trunk: it gives up after `patience_s` if nobody answers."""
        channel = self.new_channel("trunk", "", TRUNK_CONTEXT, FarEnd(talk_s=talk_s))
        channel.state, channel.exten = RING, dialled
        channel.caller = Caller(number=number, name=name) if name else Caller(number=number)
        self._emit(self.told("Newchannel", channel))
        channel.timers.append(self.clock.later(patience_s, partial(self._give_up, channel)))
        digits = "".join(one for one in dialled if one.isdigit())
        channel.variables["CW_DIALLED"] = ("+" if dialled.startswith("+") else "") + digits
        self.enter(channel, "callwright-inbound-offer")
        return channel

    def redirect(self, channel: Channel, context: str, exten: str = "s") -> None:
        """Send a channel elsewhere in the dialplan."""
        phone = channel.partner
        if phone is not None and phone.alive and phone.state != UP:
            channel.partner = None
            channel.context, channel.exten, channel.priority = context, exten, 1
            self._emit(self._dialling.ended(phone, "CANCEL") + self.end(phone, NORMAL))
        if channel.bridge is not None:
            channel.context, channel.exten, channel.priority = context, exten, 1
            self._emit(self.bridging.out(channel))
        self.enter(channel, context, exten)

    def redirect_both(self, one: Channel, other: Channel, places: tuple[tuple[str, str], ...]) -> None:
        """Two at once: neither is hung up because the other has left their bridge."""
        pair = (one, other)
        for channel, (context, exten) in zip(pair, places, strict=True):
            channel.context, channel.exten, channel.priority = context, exten, 1
        self._emit(self.bridging.both_out(one, other))
        for channel, (context, exten) in zip(pair, places, strict=True):
            self.enter(channel, context, exten)

    def enter(self, channel: Channel, context: str, exten: str = "s") -> None:
        self._emit("".join(self._plan.enter(channel, context, exten)))

    def bridge(self, first: Channel, second: Channel) -> None:
        """Join two legs, wherever they are."""
        self.bridging.join(first, second)

    def hangup(self, channel: Channel) -> None:
        """Hang up by order."""
        if channel.order is not None and channel.state != UP:
            self._emit(
                self._dialling.ended(channel, "NOANSWER")
                + self.shuffled(self.end(channel, NORMAL), self._dialling.failed(channel, reason=0))
            )
        elif channel.bridge is not None:
            self.bridging.hang_up(channel, "")
        else:
            self._emit(self.soft(channel, NORMAL) + self.end(channel, NORMAL))

    def hang_up_far_end(self, channel: Channel) -> None:
        """The party at this leg's own end hangs up."""
        if not channel.alive:
            return
        if channel.bridge is not None:
            cause = NORMAL if channel.dialled_by else None
            self.bridging.hang_up(channel, self.told("HangupRequest", channel, cause_lines(cause, "")))
        elif channel.state == UP:
            before = NORMAL if channel.was_bridged else None
            said = self.told("HangupRequest", channel, cause_lines(before, "")) + self.soft(channel, NORMAL)
            self._emit(said + self.end(channel, before or 0))

    def stop(self) -> None:
        """A polite end: every leg is told and hung up."""
        channels = list(self)
        said = [self.soft(channel, 4) for channel in channels]
        for channel in channels:
            while channel.bridge is not None:  # who entered first leaves first
                said.append(self.bridging.left(channel.bridge.channels[0]))
        said += [self.end(channel, NORMAL) for channel in reversed(channels)]
        self._emit("".join(said))

    def kill(self) -> None:
        """Everything ends without a word."""
        for channel in list(self):
            self._forget(channel)
        self.tape.lose(self.clock.now())

    # --- for the dialplan and for dialling ---

    def new_channel(self, endpoint: str, channel_id: str, context: str, far: FarEnd) -> Channel:
        """A channel is born; without an id of ours it gets one as Asterisk makes them."""
        serial = self._serial
        self._serial += 1
        self.processed += 1
        now = self.clock.now()
        channel_id = channel_id or f"{int(now)}.{serial}"
        channel = Channel(
            name=f"PJSIP/{endpoint}-{serial:08x}",
            id=channel_id,
            serial=serial,
            born=now,
            context=context,
            linked=channel_id,
            far=far,
        )
        self._by_id[channel_id] = self._by_name[channel.name] = channel
        return channel

    def after(self, channel: Channel, delay_s: float, do: Callable[[], None]) -> None:
        """Do it later, unless the channel has ended by then."""
        channel.timers.append(self.clock.later(delay_s, do))

    def told(self, name: str, channel: Channel, more: str = "", kind: str = "call") -> str:
        return event(name, self.clock.now(), channel.lines() + more, kind)

    def soft(self, channel: Channel, cause: int, tech: str = "") -> str:
        return self.told("SoftHangupRequest", channel, cause_lines(cause, tech))

    def end(self, channel: Channel, cause: int, tech: str = "") -> str:
        """The channel is no more; its last event."""
        if channel.recorded_as:
            self.tape.end(channel.recorded_as, self.clock.now())
        self._forget(channel)
        said = self.told("Hangup", channel, cause_lines(cause, tech, text=True))
        listeners = [one for one in self if one.spied == channel.id]
        return said + "".join(self._plan.spied_gone(one) for one in listeners)

    def say(self, text: str) -> None:
        self._emit(text)

    def _give_up(self, channel: Channel) -> None:
        """A caller from outside loses patience: only while nobody has answered."""
        if not channel.alive or channel.state == UP:
            return
        said = self.told("HangupRequest", channel, cause_lines(127, "487"))
        said += self.soft(channel, NORMAL, "487") + self.end(channel, 127, "487")
        phone = channel.partner
        if phone is not None and phone.alive:
            said += self._dialling.ended(phone, "CANCEL") + self.end(phone, NORMAL)
        self._emit(said)

    # --- small things ---

    def _forget(self, channel: Channel) -> None:
        channel.alive = False
        channel.stop_waiting()
        for timer in channel.timers:
            timer.cancel()
        channel.timers.clear()
        self._by_id.pop(channel.id, None)
        self._by_name.pop(channel.name, None)

    def shuffled(self, *parts: str) -> str:
        order = list(parts)
        self.rng.shuffle(order)
        return "".join(order)
