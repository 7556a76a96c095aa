"""The pause that a block of the script asks for: pure.

It begins when such a block is on the page of a recorded call and ends when the script has left it. The operator's own
word goes before it: a pause set by hand is never ended here, and what went on by hand or by time stays so until the
script goes a step.
"""

from __future__ import annotations

from typing import Literal

from dialer.desk.kept import Loaded
from dialer.desk.model import BlockPause, CallRecord

Due = Literal["", "pause", "resume", "forget"]


def wanted(loaded: Loaded | None) -> bool:
    """Whether the block on the page is one on which nothing is to be recorded."""
    if loaded is None or loaded.version is None or loaded.run is None:
        return False
    block = loaded.version.script.block(loaded.run.state.at.block)
    return block is not None and block.pause_recording


def due(call: CallRecord, loaded: Loaded | None, *, stepped: bool = False) -> Due:
    """What is to be done now; `stepped` = the script has just come to where it is."""
    if call.ended or call.recording_at is None:
        return ""
    if wanted(loaded):
        overruled = call.block_pause == "over" and not stepped
        recorded = call.paused_at is None or call.pause_unsure == "resume"
        return "pause" if recorded and not overruled else ""
    if call.block_pause == "stands" and call.paused_at is not None:
        return "resume"
    return "forget" if call.block_pause else ""


def by_hand(loaded: Loaded | None) -> BlockPause:
    """What becomes of it when the operator, or time, ends or begins a pause."""
    return "over" if wanted(loaded) else ""
