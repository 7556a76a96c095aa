"""Dialling a number or a phone: from the order to the answer, or to why there was none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dialer.simulation.channels import (
    RINGING,
    UP,
    Caller,
    Channel,
    Order,
    cause_lines,
    event,
    originate_response,
)
from dialer.simulation.dialplan import Dialplan
from dialer.simulation.far_end import REFUSALS, Way

if TYPE_CHECKING:
    from dialer.simulation.exchange import Exchange

DIAL_BEGINS_S = 0.001
RINGING_S = 0.0025
REFUSED_AT_ONCE_S = 0.002
TRUNK_CONTEXT, PHONE_CONTEXT = "callwright-inbound", "callwright-operators"


class Dialling:
    """What happens to channels that we make, until somebody answers them."""

    def __init__(self, exchange: Exchange, plan: Dialplan) -> None:
        self._x = exchange
        self._plan = plan

    def originate(self, order: Order) -> None:
        """Carry out an order that was answered "queued": whatever becomes of it is an event."""
        technology, _, place = order.dial.partition("/")
        number, _, trunk = place.partition("@")
        far = None
        if technology == "PJSIP" and place:
            far = self._x.ends.number(number, trunk) if trunk else self._x.ends.phone(number)
        if far is None or self._x.lives(order.id):
            self._x.say(
                originate_response(order, self._x.clock.now(), order.dial, success=False, reason=0),
            )
            return
        context = TRUNK_CONTEXT if trunk else PHONE_CONTEXT
        channel = self._x.new_channel(trunk or number, order.id, context, far)
        channel.order, channel.dial_string = order, place
        channel.variables = dict(order.variables)
        self._x.say(self._x.told("Newchannel", channel))
        self._x.after(channel, DIAL_BEGINS_S, partial(self._dial, channel, order.caller, order.timeout_s))

    def ring_phone(self, endpoint: str, caller: Channel, timeout_s: float) -> Channel | None:
        """Dial a phone for an inbound call (the fallback)."""
        far = self._x.ends.phone(endpoint)
        if far is None:
            return None
        phone = self._x.new_channel(endpoint, "", PHONE_CONTEXT, far)
        phone.linked, phone.dial_string, phone.dialled_by = caller.linked, endpoint, caller
        self._x.say(self._x.told("Newchannel", phone))
        self._x.after(phone, DIAL_BEGINS_S, partial(self._dial, phone, Caller(number="s"), timeout_s))
        return phone

    def _dial(self, channel: Channel, caller: Caller, timeout_s: float) -> None:
        channel.caller = caller
        by, far = channel.dialled_by, channel.far
        channel.connected = by.caller if by else caller
        self._x.say(
            self._dial_event("DialBegin", channel, f"DialString: {channel.dial_string}\r\n"),
        )
        self._x.after(channel, timeout_s, partial(self._time_out, channel))
        refusal = REFUSALS.get(far.way)
        if refusal is not None and not refusal.rings:
            self._x.after(channel, REFUSED_AT_ONCE_S, partial(self._refuse, channel))
        elif far.way is not Way.DEAD:
            self._x.after(channel, RINGING_S, partial(self._ring, channel))

    def _ring(self, channel: Channel) -> None:
        channel.state = RINGING
        self._x.say(self._x.told("Newstate", channel))
        if channel.far.way is Way.ANSWERS:
            self._x.after(channel, channel.far.ring_s, partial(self._answer, channel))
        elif channel.far.way is not Way.NO_ANSWER:
            self._x.after(channel, channel.far.ring_s, partial(self._refuse, channel))

    def _answer(self, channel: Channel) -> None:
        for timer in channel.timers:
            timer.cancel()
        channel.timers.clear()
        channel.state = UP
        if channel.far.talk_s is not None:
            self._x.after(channel, channel.far.talk_s, partial(self._x.hang_up_far_end, channel))
        if channel.dialled_by is not None:
            self._answer_fallback(channel, channel.dialled_by)
            return
        order = channel.order
        assert order is not None  # noqa: S101 - a dialled channel was ordered
        said = [self._x.told("Newstate", channel), self.ended(channel, "ANSWER")]
        said += self._plan.enter(channel, order.context, order.exten)
        response = originate_response(order, self._x.clock.now(), channel.name, success=True, reason=4)
        said.insert(self._x.rng.randint(0, len(said)), response)
        self._x.say("".join(said))

    def _answer_fallback(self, phone: Channel, caller: Channel) -> None:
        said = self._x.told("Newstate", phone)
        phone.exten, caller.connected = "", phone.caller
        said += self.ended(phone, "ANSWER")
        caller.state = UP
        if caller.far.talk_s is not None:
            self._x.after(caller, caller.far.talk_s, partial(self._x.hang_up_far_end, caller))
        said += self._x.told("Newstate", caller)
        bridge = self._x.bridging.new()
        caller.partner, phone.partner = phone, caller
        self._x.say(said + self._x.bridging.enter(bridge, phone) + self._x.bridging.enter(bridge, caller))

    def _refuse(self, channel: Channel) -> None:
        refusal = REFUSALS[channel.far.way]
        said = [
            self._x.told("HangupRequest", channel, cause_lines(refusal.cause, refusal.tech)),
            self.ended(channel, refusal.status),
        ]
        said.append(self._x.end(channel, refusal.cause, refusal.tech))
        if channel.order is not None:
            said.insert(self._x.rng.randint(0, len(said)), self.failed(channel, reason=0))
        self._x.say("".join(said))
        self._plan.phone_gone(channel)

    def _time_out(self, channel: Channel) -> None:
        if channel.state == UP:
            return
        failed = self.failed(channel, reason=3) if channel.order is not None else ""
        self._x.say(self._x.shuffled(failed, self._x.end(channel, 19, "480")))
        self._plan.phone_gone(channel)

    def failed(self, channel: Channel, *, reason: int) -> str:
        order = channel.order
        assert order is not None  # noqa: S101 - asked only of ordered channels
        return originate_response(order, self._x.clock.now(), order.dial, success=False, reason=reason)

    def _dial_event(self, name: str, channel: Channel, more: str) -> str:
        by = channel.dialled_by.lines() if channel.dialled_by else ""
        return event(name, self._x.clock.now(), by + channel.lines("Dest") + more)

    def ended(self, channel: Channel, status: str) -> str:
        return self._dial_event("DialEnd", channel, f"DialStatus: {status}\r\n")
