"""Legs together and apart: bridges of two, rooms of three, and what becomes of whoever stays behind."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

from dialer.simulation.channels import Bridge, Channel, bridge_event, cause_lines
from dialer.simulation.dialplan import Dialplan

if TYPE_CHECKING:
    from dialer.simulation.exchange import Exchange

SECOND_ENTERS_S = 0.0008
ROOM_LEFT_S = 0.001  # so long a leg that has left a room cannot be bridged
NORMAL = 16


class Bridging:
    """`rooms` by name; a room lives from the first who comes to the last who goes."""

    def __init__(self, exchange: Exchange, plan: Dialplan) -> None:
        self._x = exchange
        self._plan = plan
        self._rooms: dict[str, Bridge] = {}

    # --- two ---

    def join(self, first: Channel, second: Channel) -> None:
        """Join two legs; the first enters at once, the second a little later, and much may happen between."""
        first.stop_waiting()
        second.stop_waiting()
        before = first.bridge
        said = self.left(first)
        bridge = self.new()
        first.partner = second
        said += self._enter(bridge, first)
        self._x.say(said + self._behind(before))
        self._x.after(first, SECOND_ENTERS_S, partial(self._join, bridge, first, second))

    def _join(self, bridge: Bridge, first: Channel, second: Channel) -> None:
        if not second.alive:
            self._x.say(self.left(first) + self._goes_on(first))
            return
        before = second.bridge
        said = self.left(second)
        second.partner = first
        eldest = min(first, second, key=lambda one: one.serial)
        first.linked = second.linked = eldest.linked
        first.connected, second.connected = second.caller, first.caller
        said += self._enter(bridge, second)
        for client, other in ((first, second), (second, first)):
            if client.recorded_as:
                self._x.tape.join(client.recorded_as, self._x.clock.now())
                self._x.tape.mute(client.recorded_as, other.muted, self._x.clock.now())
        self._x.say(said + self._behind(before))

    def _enter(self, bridge: Bridge, channel: Channel) -> str:
        """In the dialplan a leg will go on behind what it was doing; one that comes from a bridge has gone on."""
        if not channel.behind:
            channel.priority += 1
            channel.behind = True
        return self.enter(bridge, channel)

    # --- three ---

    def enter_room(self, name: str, channel: Channel) -> str:
        """Come into the room of that name, the first one makes it."""
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = self.new(name)
        channel.partner = None
        said = self.enter(room, channel)
        if channel.exten == "client":
            room.marked = channel
            if channel.recorded_as:
                self._x.tape.join(channel.recorded_as, self._x.clock.now())
        return said

    # --- out ---

    def out(self, channel: Channel) -> str:
        """A leg that goes elsewhere leaves its bridge; whoever stays behind goes the way of its dialplan."""
        bridge = channel.bridge
        if bridge is None:
            return ""
        said = self.left(channel)
        if bridge.name:
            self._still_leaves(channel)
            return said + self._room_over(bridge, channel)
        return said + self._behind(bridge)

    def _still_leaves(self, channel: Channel) -> None:
        channel.free_at = self._x.clock.now() + ROOM_LEFT_S

    def both_out(self, one: Channel, other: Channel) -> str:
        """Two leave at once: neither stays behind the other."""
        bridge = one.bridge
        if bridge is None or bridge is not other.bridge:
            return self.out(one) + self.out(other)
        said = self.left(one) + self.left(other)
        if bridge.name:
            for leg in (one, other):
                self._still_leaves(leg)
            said += "".join(self._room_over(bridge, leg) for leg in (one, other))
        return said

    def hang_up(self, channel: Channel, first: str) -> None:
        """A leg in a bridge ends; what becomes of the other one, its dialplan says."""
        bridge, other = channel.bridge, channel.partner
        if bridge is None:
            return
        said = first + self.left(channel)
        if bridge.name:
            said += self._x.soft(channel, NORMAL) + self._x.end(channel, NORMAL)
            self._x.say(said + self._room_over(bridge, channel))
            return
        if other is None or not other.alive or other.bridge not in (None, bridge):
            self._x.say(said + self._x.end(channel, NORMAL))
            return
        said += self.left(other)
        goes_on = self._goes_on(other)
        self._x.say(said + self._x.shuffled(goes_on, self._x.end(channel, NORMAL)))

    def left(self, channel: Channel) -> str:
        bridge = channel.bridge
        if bridge is None:
            return ""
        bridge.channels.remove(channel)
        channel.bridge = None
        channel.was_bridged = True
        if bridge.name and not bridge.channels:
            self._rooms.pop(bridge.name, None)
        # A room goes on without one of three.
        for one in (channel, *bridge.channels) if len(bridge.channels) < 2 else (channel,):
            if one.recorded_as:
                self._x.tape.part(one.recorded_as, self._x.clock.now())
        return bridge_event("BridgeLeave", self._x.clock.now(), bridge, channel)

    def enter(self, bridge: Bridge, channel: Channel) -> str:
        channel.bridge = bridge
        bridge.channels.append(channel)
        return bridge_event("BridgeEnter", self._x.clock.now(), bridge, channel)

    def new(self, name: str = "") -> Bridge:
        return Bridge(str(uuid.UUID(int=self._x.rng.getrandbits(128), version=4)), name=name)

    # --- who stays behind ---

    def _behind(self, bridge: Bridge | None) -> str:
        """All that are still in a bridge of two whose other one has gone."""
        if bridge is None:
            return ""
        return "".join(self.left(one) + self._goes_on(one) for one in list(bridge.channels))

    def _goes_on(self, channel: Channel) -> str:
        goes_on = self._plan.after_bridge(channel)
        if goes_on:
            return "".join(goes_on)
        cause = cause_lines(NORMAL, "")
        return self._x.told("SoftHangupRequest", channel, cause) + self._x.end(channel, NORMAL)

    def _room_over(self, room: Bridge, gone: Channel) -> str:
        """The client has left his room: the others are put out of it."""
        if room.marked is not gone:
            return ""
        said = ""
        for one in list(room.channels):
            said += self.left(one) + self._goes_on(one)
        return said
