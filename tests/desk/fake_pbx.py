"""A PBX in memory behind the port: takes orders, and reports what the test tells it to."""

from __future__ import annotations

from dialer.telephony.model import (
    ClientReady,
    LegAlone,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegEnded,
    LegHangupRequested,
    LegRinging,
    LegSetAside,
    LegUnbridged,
    PbxEvent,
    RecordingPaused,
    RecordingStarted,
    SessionReady,
    Snapshot,
    ThirdReady,
)
from dialer.telephony.port import Connected, DialOrder, Disconnected, Listening, PbxAway, Sink


class FakePbx:
    """`orders` holds what was ordered, in order; `clock` is its own clock in seconds."""

    name = "fake"
    clock_offset_s = 0.0

    def __init__(self, name: str = name) -> None:
        self.name = name
        self.up = False
        self.clock = 1_700_000_000.0
        self.orders: list[tuple[str, str]] = []
        self.dialled: list[DialOrder] = []
        self.failure: Exception | None = None
        self.sink: Sink = lambda report: None
        self.late: list[PbxEvent] | None = (
            None  # a list: what becomes of a recording is told later, by `tell_late`
        )
        self._bridges: dict[str, set[str]] = {}  # who is in which

    def connect(self, snapshot: Snapshot | None = None) -> None:
        self.up = True
        self.sink(Connected(snapshot=snapshot or Snapshot(at=self.clock, started="1", legs=())))

    def disconnect(self) -> None:
        self.up = False
        self.sink(Disconnected(reason="test"))

    def report(self, *events: PbxEvent) -> None:
        for event in events:
            self.sink(event)

    def tell_late(self) -> None:
        """Tell what was held back, and hold nothing back any more."""
        events, self.late = self.late or [], None
        self.report(*events)

    def _order(self, verb: str, leg: str) -> None:
        if not self.up:
            raise PbxAway("away")
        self.orders.append((verb, leg))
        if self.failure is not None:
            raise self.failure

    async def start_session(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        self._order("session", leg)
        self.report(LegCreated(leg=leg, at=self.clock), LegAnswered(leg=leg, at=self.clock))
        self.report(SessionReady(leg=leg, at=self.clock))

    async def dial(self, order: DialOrder) -> None:
        self._order("dial", order.call)
        self.dialled.append(order)

    async def bridge(self, *, client: str, operator: str) -> None:
        self._order("bridge", client)
        self._joined_as(f"b-{client}-{operator}", client, operator)

    async def hangup(self, *, leg: str) -> None:
        self._order("hangup", leg)
        self._leave(leg)
        self.report(LegEnded(leg=leg, at=self.clock, cause=16))

    async def bind(self, *, leg: str, left_s: float) -> None:
        self._order("bind", f"{leg} {left_s:.0f}")

    async def ring_inbound(self, *, leg: str) -> None:
        self._order("ring", leg)

    async def take_inbound(self, *, leg: str, call: str, record: bool) -> None:
        self._order("take", leg)
        self.client_waits(call, leg=leg)

    async def release_inbound(self, *, leg: str) -> None:
        self._order("release", leg)

    async def mute(self, *, leg: str, muted: bool) -> None:
        self._order("mute" if muted else "unmute", leg)

    async def hold(self, *, leg: str) -> None:
        self._order("hold", leg)
        self._leave(leg)
        self.report(LegSetAside(leg=leg, at=self.clock))

    async def send_digits(self, *, leg: str, digits: str) -> None:
        self._order(f"digits {digits}", leg)

    async def dial_third(self, order: DialOrder) -> None:
        self._order("dial third", order.call)
        self.dialled.append(order)

    async def ring_third(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        self._order(f"ring third {endpoint}", leg)

    async def gather(
        self, *, room: str, client: str, operator: str, third: str, in_session: bool = False
    ) -> None:
        self._order("gather", room)
        self._joined_as(f"r-{room}", third, operator, client, room=True)

    async def listen(self, *, leg: str, endpoint: str, spied: str, mode: Listening, timeout_s: int) -> None:
        self._order(f"{mode} {endpoint} {spied}", leg)

    async def change_listening(self, *, leg: str, mode: Listening) -> None:
        self._order(str(mode), leg)

    async def pause_recording(self, *, leg: str, paused: bool) -> None:
        self._order("pause" if paused else "resume", leg)
        event = RecordingPaused(leg=leg, at=self.clock, paused=paused)
        if self.late is None:
            self.report(event)
        else:
            self.late.append(event)

    async def ring_echo(self, *, leg: str, endpoint: str, timeout_s: int) -> None:
        self._order(f"echo {endpoint}", leg)

    async def snapshot(self) -> Snapshot:
        return Snapshot(at=self.clock, started="1", legs=())

    # --- what happens at the far end ---

    def rings(self, call: str) -> None:
        self.report(LegCreated(leg=call, at=self.clock), LegRinging(leg=call, at=self.clock))

    def client_waits(self, call: str, *, leg: str = "") -> None:
        leg = leg or call
        self.report(LegAnswered(leg=leg, at=self.clock), RecordingStarted(leg=leg, at=self.clock))
        self.report(ClientReady(leg=leg, at=self.clock, call=call))

    def third_answers(self, leg: str) -> None:
        self.report(LegAnswered(leg=leg, at=self.clock), ThirdReady(leg=leg, at=self.clock))

    def third_refuses(self, leg: str, cause: int = 17) -> None:
        self.report(LegEnded(leg=leg, at=self.clock, cause=cause))

    def phone_lost(self, leg: str, client: str = "") -> None:
        """An operator's phone is gone without a word, and its leg with it."""
        self._leave(leg)
        self.report(LegEnded(leg=leg, at=self.clock, cause=16))
        if client:
            self.report(LegAlone(leg=client, at=self.clock))

    def _joined_as(self, bridge: str, *legs: str, room: bool = False) -> None:
        for leg in legs:
            self._leave(leg)
        self._bridges[bridge] = set(legs)
        for leg in legs:
            self.report(LegBridged(leg=leg, at=self.clock, bridge=bridge, room=room))

    def _leave(self, leg: str) -> None:
        """A leg leaves its bridge; of two that were in it the other leaves too, except out of a room."""
        for bridge, legs in self._bridges.items():
            if leg in legs:
                gone = legs if len(legs) == 2 and not bridge.startswith("r-") else {leg}
                self._bridges[bridge] = legs - gone
                for one in sorted(gone):
                    self.report(LegUnbridged(leg=one, at=self.clock, bridge=bridge))

    def client_hangs_up(self, leg: str, cause: int = 16) -> None:
        self.report(LegHangupRequested(leg=leg, at=self.clock))
        self._leave(leg)
        self.report(LegEnded(leg=leg, at=self.clock, cause=cause))
