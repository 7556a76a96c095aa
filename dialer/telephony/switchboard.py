"""All that lives on one PBX, as seen from its reports: calls by their legs, operators' sessions.

Synchronous and without a store: a report goes in, the tracker decides, and who cares is told. What a listener is
told is level, not edge: it looks at `calls` and `sessions` for the present truth.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from dialer.telephony.model import (
    Call,
    CallState,
    ClientReady,
    InboundFellBack,
    InboundOffered,
    Leg,
    LegAnswered,
    LegEnded,
    LegOrderFailed,
    LegRole,
    LiveLeg,
    PbxEvent,
    Place,
    SessionReady,
    Snapshot,
)
from dialer.telephony.port import Connected, Disconnected, Report
from dialer.telephony.tracker import order_hangup, reconcile, track

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Told that something changed; must not wait."""

    def call_changed(self, call: Call) -> None: ...

    def client_ready(self, call_id: str) -> None: ...

    def session_changed(self, leg: str) -> None: ...

    def inbound_offered(self, pbx: str, event: InboundOffered) -> None: ...

    def inbound_fell_back(self, call_id: str) -> None: ...

    def inbound_still_rings(self, call_id: str) -> None: ...

    def pbx_changed(self, pbx: str, up: bool, reason: str) -> None: ...


class Switchboard:
    """`calls` by our id, `sessions` by leg: True = up and in its loop or in a call, False = being rung."""

    def __init__(self, name: str) -> None:
        self.name = name  # the PBX's
        self.calls: dict[str, Call] = {}
        self.sessions: dict[str, bool] = {}
        self.ears: dict[str, bool] = {}  # supervisors' legs at operators': True = picked up
        self.waiting_clients: set[str] = set()  # answered, recorded, not yet joined
        self.unknown_legs = 0
        self.took_stock = False  # once it did, a session that is not here is none
        self._by_leg: dict[str, str] = {}  # clients' legs and, for the call they are in, operators' legs
        self.started = ""  # of which life of the PBX all this is, "" = nobody knows yet
        self._listener: Listener | None = None

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def listener(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("the switchboard was wired without a listener")
        return self._listener

    def expect(self, call: Call) -> None:
        """Follow a call from now on: before it is dialled, when it comes in, or after a restart."""
        self._let_go(call.id)  # of legs that it had, and has no more
        self.calls[call.id] = call
        self._by_leg[call.client.id] = call.id
        if call.operator_leg:
            self._by_leg[call.operator_leg] = call.id
        if call.third is not None:
            self._by_leg[call.third.id] = call.id

    def expect_third(self, call_id: str, leg: str) -> None:
        """A third party is about to be brought into a call; before it is rung."""
        self.expect(replace(self.calls[call_id], third=Leg(id=leg, role=LegRole.THIRD)))

    def forget(self, call_id: str) -> None:
        self._let_go(call_id)
        self.calls.pop(call_id, None)
        self.waiting_clients.discard(call_id)

    def _let_go(self, call_id: str) -> None:
        call = self.calls.get(call_id)
        if call is not None:
            third = call.third.id if call.third is not None else ""
            for leg in (call.client.id, call.operator_leg, third):
                if self._by_leg.get(leg) == call_id:
                    del self._by_leg[leg]

    def hangup_ordered(self, call_id: str, at: float) -> None:
        """Remember that an operator hung the call up (`at` in the PBX's clock)."""
        if call_id in self.calls:
            self.calls[call_id] = order_hangup(self.calls[call_id], at)

    def expect_session(self, leg: str) -> None:
        self.sessions.setdefault(leg, False)

    def report(self, report: Report) -> None:
        """Take one report of the PBX; the sink that an adapter is made with."""
        match report:
            case Connected(snapshot=snapshot):
                self.take_stock(snapshot)
                self.listener.pbx_changed(self.name, True, "")
            case Disconnected(reason=reason):
                self.listener.pbx_changed(self.name, False, reason)
            case InboundOffered():
                self.listener.inbound_offered(self.name, report)
            case _:
                self._event(report)

    def _event(self, event: PbxEvent) -> None:
        if event.leg in self.sessions:
            self._session_event(event)
        if event.leg in self.ears:
            self._ear_event(event)
        call_id = event.call if isinstance(event, ClientReady) else self._by_leg.get(event.leg)
        call = self.calls.get(call_id) if call_id else None
        if call is None or call_id is None:
            self.unknown_legs += event.leg not in self.sessions and event.leg not in self.ears
            return
        match event:
            case ClientReady():
                self._client_waits(call_id)
            case InboundFellBack():
                self.listener.inbound_fell_back(call_id)
            case _:
                self._track(call, event)

    def _client_waits(self, call_id: str) -> None:
        self.waiting_clients.add(call_id)
        self.listener.client_ready(call_id)

    def _track(self, call: Call, event: PbxEvent) -> None:
        after = track(call, event)
        if after != call:
            self.calls[call.id] = after
            if after.state is CallState.ENDED:
                self.waiting_clients.discard(call.id)
            self.listener.call_changed(after)

    def _session_event(self, event: PbxEvent) -> None:
        match event:
            case SessionReady() | LegAnswered():
                if isinstance(event, SessionReady) and not self.sessions[event.leg]:
                    self.sessions[event.leg] = True
                    self.listener.session_changed(event.leg)
            case LegEnded() | LegOrderFailed():
                self._end_session(event.leg)
            case _:
                pass

    def _ear_event(self, event: PbxEvent) -> None:
        match event:
            case LegAnswered() if not self.ears[event.leg]:
                self.ears[event.leg] = True
                self.listener.session_changed(event.leg)
            case LegEnded() | LegOrderFailed():
                self._end_ear(event.leg)

    def _end_ear(self, leg: str) -> None:
        if self.ears.pop(leg, None) is not None:
            self.listener.session_changed(leg)

    def _end_session(self, leg: str) -> None:
        if self.sessions.pop(leg, None) is not None:
            self.listener.session_changed(leg)

    def take_stock(self, snapshot: Snapshot) -> None:
        """Hold all that is remembered against what lives."""
        restarted = bool(self.started) and snapshot.started != self.started
        self.started = snapshot.started
        self.took_stock = True
        for before, after in reconcile(self.calls, snapshot, restarted=restarted):
            self.calls[after.id] = after
            if after.state is CallState.ENDED:
                log.info("call closed after a gap: %s %s", after.id, after.end_reason)
            if before != after:
                self.listener.call_changed(after)
        live = {leg.leg: leg for leg in snapshot.legs}
        if not restarted:
            for call in list(self.calls.values()):
                self._catch_up(call, live.get(call.client.id))
        for leg in list(self.sessions):
            if restarted or leg not in live:
                self._end_session(leg)
            elif live[leg].up and not self.sessions[leg]:
                self.sessions[leg] = True
                self.listener.session_changed(leg)

        for leg in [leg for leg in self.ears if restarted or leg not in live]:
            self._end_ear(leg)

    def _catch_up(self, call: Call, row: LiveLeg | None) -> None:
        """What a living leg's place says of events that nobody heard."""
        if row is None or call.state is CallState.ENDED:
            return
        if row.context == Place.FALLBACK:
            self.listener.inbound_fell_back(call.id)
        elif row.context == Place.RING:
            self.listener.inbound_still_rings(call.id)
        elif row.context == Place.CLIENT and row.up and not row.bridge and call.bridged_at is None:
            self._client_waits(call.id)
