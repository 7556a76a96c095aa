"""A PBX in memory behind the port: takes orders, and reports what the test tells it to."""

from __future__ import annotations

from dialer.telephony.model import (
    ClientReady,
    LegAnswered,
    LegBridged,
    LegCreated,
    LegEnded,
    LegHangupRequested,
    LegRinging,
    PbxEvent,
    RecordingStarted,
    SessionReady,
    Snapshot,
)
from dialer.telephony.port import Connected, DialOrder, Disconnected, PbxAway, Sink


class FakePbx:
    """`orders` holds what was ordered, in order; `clock` is its own clock in seconds."""

    name = "fake"
    clock_offset_s = 0.0

    def __init__(self) -> None:
        self.up = False
        self.clock = 1_700_000_000.0
        self.orders: list[tuple[str, str]] = []
        self.dialled: list[DialOrder] = []
        self.failure: Exception | None = None
        self.sink: Sink = lambda report: None

    def connect(self, snapshot: Snapshot | None = None) -> None:
        self.up = True
        self.sink(Connected(snapshot=snapshot or Snapshot(at=self.clock, started="1", legs=())))

    def disconnect(self) -> None:
        self.up = False
        self.sink(Disconnected(reason="test"))

    def report(self, *events: PbxEvent) -> None:
        for event in events:
            self.sink(event)

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
        for leg in (client, operator):
            self.report(LegBridged(leg=leg, at=self.clock, bridge=f"b-{client}"))

    async def hangup(self, *, leg: str) -> None:
        self._order("hangup", leg)
        self.report(LegEnded(leg=leg, at=self.clock, cause=16))

    async def ring_inbound(self, *, leg: str) -> None:
        self._order("ring", leg)

    async def take_inbound(self, *, leg: str, call: str, record: bool) -> None:
        self._order("take", leg)
        self.client_waits(call, leg=leg)

    async def release_inbound(self, *, leg: str) -> None:
        self._order("release", leg)

    async def mute(self, *, leg: str, muted: bool) -> None:
        self._order("mute" if muted else "unmute", leg)

    async def snapshot(self) -> Snapshot:
        return Snapshot(at=self.clock, started="1", legs=())

    # --- what happens at the far end ---

    def rings(self, call: str) -> None:
        self.report(LegCreated(leg=call, at=self.clock), LegRinging(leg=call, at=self.clock))

    def client_waits(self, call: str, *, leg: str = "") -> None:
        leg = leg or call
        self.report(LegAnswered(leg=leg, at=self.clock), RecordingStarted(leg=leg, at=self.clock))
        self.report(ClientReady(leg=leg, at=self.clock, call=call))

    def client_hangs_up(self, leg: str, cause: int = 16) -> None:
        self.report(LegHangupRequested(leg=leg, at=self.clock), LegEnded(leg=leg, at=self.clock, cause=cause))
