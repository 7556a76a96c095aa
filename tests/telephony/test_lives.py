"""A PBX's start is remembered across the daemon's own: the same id of a channel later is another channel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dialer.store.engine import Store
from dialer.telephony.lives import Lives
from dialer.telephony.model import CallState, EndReason, LegAnswered, LiveLeg, Place, Snapshot
from dialer.telephony.port import Connected
from dialer.telephony.switchboard import Switchboard
from dialer.telephony.tracker import inbound
from tests.fresh_store import fresh_store
from tests.telephony.test_switchboard import Heard

LEG = "1795368695.7"  # the second and the number of a channel: given out again if the clock is set back


def row(leg: str) -> LiveLeg:
    return LiveLeg(
        leg=leg, name="PJSIP/trunk-1", up=True, bridge="", number="", context=Place.CLIENT, since=90.0
    )


def connected(started: str) -> Connected:
    return Connected(snapshot=Snapshot(at=100.0, started=started, legs=(row(LEG),)))


async def a_daemon(store: Store) -> tuple[Lives, Switchboard]:
    lives, board = Lives(store), Switchboard("main")
    board.listen(Heard())
    await lives.load()
    return lives, board


async def test_scenario_38_the_same_id_in_another_life_is_another_call(tmp_path: Path) -> None:
    """The daemon was away while Asterisk started again; a stranger's call has the id of the one on a desk."""
    store = await fresh_store(tmp_path / "store.db")
    lives, board = await a_daemon(store)
    sink = lives.before(board)
    sink(connected("one"))
    await lives.stop()
    for started, state in (("one", CallState.ANSWERED), ("two", CallState.ENDED)):
        lives, board = await a_daemon(store)
        sink = lives.before(board)
        board.expect(replace(inbound("OLD", LEG, 10.0), state=CallState.ANSWERED))
        sink(connected(started))
        await lives.stop()
        assert board.calls["OLD"].state is state
    assert board.calls["OLD"].end_reason is EndReason.PBX_RESTARTED
    board.expect(inbound("NEW", LEG, 101.0))
    sink(LegAnswered(leg=LEG, at=102.0))
    assert board.calls["NEW"].client.answered_at == 102.0
    assert board.calls["OLD"].client.answered_at is None, "the dead learn nothing"
    board.forget("OLD")
    sink(LegAnswered(leg=LEG, at=101.5))
    assert board.calls["NEW"].client.answered_at == 101.5
    await store.close()
