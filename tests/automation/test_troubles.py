from __future__ import annotations

from datetime import timedelta

from dialer.automation import deliveries, troubles
from dialer.scripts.actions import CreateTask, WebHook
from tests.automation.conftest import NOW, Talk


async def told(talk: Talk, days: int) -> tuple[int, list[str]]:
    """How many the operator is told of on a day after, and the state of all that are shown."""
    since = NOW.replace(hour=0) + timedelta(days=days)
    return await talk.store.read(
        lambda conn: (
            troubles.count(conn, talk.operator, since),
            [one.state for one in troubles.list_open(conn, talk.operator, since, "en")],
        )
    )


async def test_what_fails_a_day_later_is_told_until_it_was_seen(talk: Talk) -> None:
    await talk.do(WebHook(hook="crm"))
    assert await told(talk, 1) == (0, ["waiting"]), "the tries take a day"
    ended = NOW + timedelta(days=1)
    await talk.store.write(
        lambda conn: deliveries.settle(
            conn, "R-1-0", ended, again_at=None, delivered=False, status=503, trouble="answered 503"
        )
    )
    assert await told(talk, 1) == (1, ["failed"])
    assert await told(talk, 7) == (1, ["failed"]), "after days off too"
    assert await told(talk, 9) == (0, [])
    since = NOW.replace(hour=0) + timedelta(days=2)
    await talk.store.write(lambda conn: troubles.seen(conn, talk.operator, since, since))
    assert await told(talk, 2) == (0, [])


async def test_what_was_left_out_is_told_for_a_week(talk: Talk) -> None:
    await talk.do(CreateTask(text="x", to="nobody"), without=(0,))
    assert await told(talk, 6) == (1, ["left_out"])
    assert await told(talk, 8) == (0, [])
