"""All that lives on all PBXs behind one lookup: calls by our id, sessions by leg, whichever PBX they are at.

Each PBX has a switchboard of its own: two PBXs may give the same id to two legs from outside, and what one of them
reports, or that it is away, says nothing of what lives at another.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dialer.health.figures import Figure, count, gauge
from dialer.telephony.model import Call, CallState, Snapshot
from dialer.telephony.switchboard import Listener, Switchboard
from dialer.telephony.tracker import lingering


class Switchboards:
    """`calls` and `sessions` are for reading; "" as a PBX's name means the first one."""

    def __init__(self, names: Iterable[str]) -> None:
        self.boards = {name: Switchboard(name) for name in names}
        self._nowhere = Switchboard("")  # what was left at a PBX that the configuration no longer has
        everywhere = (*self.boards.values(), self._nowhere)
        self.calls: Mapping[str, Call] = ChainMap(*(board.calls for board in everywhere))
        self.sessions: Mapping[str, bool] = ChainMap(*(board.sessions for board in everywhere))
        self.ears: Mapping[str, bool] = ChainMap(*(board.ears for board in everywhere))
        self._everywhere = everywhere

    def at(self, pbx: str) -> Switchboard:
        """The switchboard of this PBX; of one that is not configured, the place of what has none."""
        if not pbx:
            return next(iter(self.boards.values()), self._nowhere)
        return self.boards.get(pbx, self._nowhere)

    def listen(self, listener: Listener) -> None:
        for board in self._everywhere:
            board.listen(listener)

    def expect(self, call: Call, *, pbx: str) -> None:
        """Follow a call from now on: before it is dialled, when it comes in, or after a restart."""
        self.at(pbx).expect(call)

    def expect_third(self, call_id: str, leg: str, *, pbx: str) -> None:
        """A third party is about to be brought into a call; before it is rung."""
        if call_id in self.at(pbx).calls:
            self.at(pbx).expect_third(call_id, leg)

    def drop_third(self, call_id: str, *, pbx: str) -> None:
        """The third is out of the call, whatever becomes of that leg."""
        board = self.at(pbx)
        if call_id in board.calls:
            board.expect(replace(board.calls[call_id], third=None))

    def forget(self, call_id: str) -> None:
        for board in self._everywhere:
            board.forget(call_id)

    def hangup_ordered(self, call_id: str, at: float) -> None:
        """Remember that an operator hung the call up (`at` in its PBX's clock)."""
        for board in self._everywhere:
            board.hangup_ordered(call_id, at)

    def expect_session(self, leg: str, *, pbx: str) -> None:
        self.at(pbx).expect_session(leg)

    def recall_session(self, leg: str, *, pbx: str, up: bool) -> None:
        """A session that an earlier daemon knew; once its PBX was asked what lives, one that is not here is none."""
        board = self.at(pbx)
        if leg not in board.sessions and not board.took_stock:
            board.sessions[leg] = up

    def forget_session(self, leg: str) -> None:
        for board in self._everywhere:
            board.sessions.pop(leg, None)

    def expect_ear(self, leg: str, *, pbx: str, up: bool = False) -> None:
        """A supervisor's phone is about to be rung to an operator's leg, or was when the last daemon ended."""
        self.at(pbx).ears.setdefault(leg, up)

    def forget_ear(self, leg: str) -> None:
        for board in self._everywhere:
            board.ears.pop(leg, None)

    def is_waiting(self, call_id: str) -> bool:
        """Whether this client stands answered and recorded, and not yet joined with anybody."""
        return any(call_id in board.waiting_clients for board in self._everywhere)

    def no_longer_waits(self, call_id: str) -> None:
        for board in self._everywhere:
            board.waiting_clients.discard(call_id)

    def figures(self) -> Iterator[Figure]:
        for name, board in self.boards.items():
            yield from board_figures(name, board)

    def lingering(self) -> Iterator[tuple[str, str]]:
        """Legs that hung up and live on, each with its PBX."""
        for name, board in self.boards.items():
            for call in board.calls.values():
                yield from ((leg, name) for leg in lingering(call))

    def close_what_is_nowhere(self, at: float) -> None:
        """Nobody will ever report what was left at a PBX that is no longer configured: it is lost sight of."""
        if self._nowhere.calls or self._nowhere.sessions or self._nowhere.ears:
            self._nowhere.take_stock(Snapshot(at=at, started="", legs=()))


def board_figures(pbx: str, board: Switchboard) -> Iterator[Figure]:
    states = Counter(call.state for call in board.calls.values())
    for state in CallState:
        if state is not CallState.ENDED:
            yield gauge("calls", "Calls in the air.", states[state], pbx=pbx, state=state.value)
    in_session = sum(board.sessions.values())
    yield gauge("sessions", "Operators' phones in session.", in_session, pbx=pbx)
    waiting = len(board.waiting_clients)
    yield gauge("clients_waiting", "Clients who answered and are not joined yet.", waiting, pbx=pbx)
    says = "Events of legs that are nobody's of ours."
    yield count("events_of_unknown_legs", says, board.unknown_legs, pbx=pbx)
