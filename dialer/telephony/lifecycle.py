"""A call's lifecycle: one table. What is not in it does not happen: the fact is kept, the move is dropped."""

from __future__ import annotations

import enum

from dialer.telephony.model import CallState


class Move(enum.StrEnum):
    RING = "rings"
    ANSWER = "is answered"
    JOIN = "joined with the operator"
    PART = "parted from the operator"
    HOLD = "put on hold"
    RESUME = "taken off hold"
    TRANSFER = "sent on to somebody else"
    END = "ends"


_S = CallState
LIFECYCLE: dict[tuple[CallState, Move], CallState] = {
    (_S.DIALLING, Move.RING): _S.RINGING,
    (_S.DIALLING, Move.ANSWER): _S.ANSWERED,
    (_S.DIALLING, Move.JOIN): _S.BRIDGED,
    (_S.DIALLING, Move.TRANSFER): _S.TRANSFERRED,
    (_S.DIALLING, Move.END): _S.ENDED,
    (_S.RINGING, Move.ANSWER): _S.ANSWERED,
    (_S.RINGING, Move.JOIN): _S.BRIDGED,
    (_S.RINGING, Move.TRANSFER): _S.TRANSFERRED,
    (_S.RINGING, Move.END): _S.ENDED,
    (_S.ANSWERED, Move.JOIN): _S.BRIDGED,
    (_S.ANSWERED, Move.HOLD): _S.HELD,  # taken out of the bridge, to hear music
    (_S.ANSWERED, Move.TRANSFER): _S.TRANSFERRED,
    (_S.ANSWERED, Move.END): _S.ENDED,
    (_S.BRIDGED, Move.PART): _S.ANSWERED,
    (_S.BRIDGED, Move.HOLD): _S.HELD,
    (_S.BRIDGED, Move.TRANSFER): _S.TRANSFERRED,
    (_S.BRIDGED, Move.END): _S.ENDED,
    (_S.HELD, Move.PART): _S.ANSWERED,
    (_S.HELD, Move.JOIN): _S.BRIDGED,
    (_S.HELD, Move.RESUME): _S.BRIDGED,
    (_S.HELD, Move.TRANSFER): _S.TRANSFERRED,
    (_S.HELD, Move.END): _S.ENDED,
    (_S.TRANSFERRED, Move.JOIN): _S.BRIDGED,  # the transfer failed and the client came back
    (_S.TRANSFERRED, Move.HOLD): _S.HELD,  # we take him back
    (_S.TRANSFERRED, Move.END): _S.ENDED,
}


def after(state: CallState, moves: tuple[Move, ...]) -> CallState:
    """The state after these moves; one that the table does not know is dropped."""
    for move in moves:
        state = LIFECYCLE.get((state, move), state)
    return state


def diagram() -> str:
    """The table as a page for people: `python -m dialer.telephony.lifecycle > docs/call-lifecycle.md`."""
    moves = [f"    {state} --> {to}: {move}" for (state, move), to in LIFECYCLE.items()]
    return "\n".join(
        [
            "# The lifecycle of a call",
            "",
            "Generated from the table in `dialer/telephony/lifecycle.py`; a test fails when it is stale.",
            "A move that is not drawn does not happen: what was reported is kept, the state stays.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {CallState.DIALLING}: outbound",
            f"    [*] --> {CallState.RINGING}: inbound",
            *moves,
            f"    {CallState.ENDED} --> [*]",
            "```",
            "",
        ]
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(diagram())
