"""A process that does what an operator's page and the daemon do with a script, and nothing else, to be killed."""

from __future__ import annotations

import asyncio
import multiprocessing
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess

from sqlalchemy import Connection

from dialer.automation.model import Hook
from dialer.automation.sender import Sender
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import OUTBOUND
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.desk import steps
from dialer.desk import work as units
from dialer.desk.doing import Presser
from dialer.desk.model import Desk, Work
from dialer.scripts import service as scripts
from dialer.scripts.actions import CreateTask, Part, SetField, WebHook
from dialer.scripts.model import Answer, Block, Field, Script
from dialer.scripts.placeholders import NOBODY
from dialer.scripts.run import Give, Refusal
from dialer.store import Store
from tests.automation.conftest import NOW, add_user

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])  # a child starts in milliseconds: all is imported already

DOES = (
    CreateTask(text="{{field.n}}"),
    SetField(field="client.fields.Last", value="{{field.n}}"),
    WebHook(hook="crm", body=(Part(key="n", value="{{field.n}}"),)),
)


def _block(id_: str, to: str) -> Block:
    """One action stands on the answer, two on leaving the block."""
    answer = Answer(id="on", text="On", to=to, actions=DOES[:1])
    return Block(id=id_, text="?", answers=(answer,), actions=DOES[1:])


ROUND = Script(
    name="Round",
    language="en",
    start="a",
    common=(Field(id="n", label="N", required=True),),
    blocks=(_block("a", "b"), _block("b", "a")),
)


def prepare(conn: Connection) -> None:
    """An operator with a client and a script on the desk, without a call."""
    operator = add_user(conn, "olga")
    script = scripts.publish(conn, ROUND, NOW)
    version = scripts.latest(conn, script)
    assert version is not None
    campaign = Campaign(name="C", language="en", line="main", dispositions=OUTBOUND, script_id=script)
    campaign_id = campaigns.create(conn, campaign, NOW)
    client = clients.create(conn, name="Client", numbers=[("+79001112233", "")], now=NOW)
    scripts.start_run(
        conn,
        run_id="R",
        version=version,
        context=NOBODY,
        client_id=client,
        operator_id=operator,
        campaign_id=campaign_id,
        now=NOW,
    )
    work = Work(
        id="W", direction="by_hand", campaign_id=campaign_id, client_id=client, run_id="R", began_at=NOW
    )
    units.keep(conn, Desk(operator_id=operator, since=NOW, work=work))


def start(url: str, hook: str, acknowledged: int, most: int) -> tuple[ForkServerProcess, Pipe]:
    """A child at work, and our end of its pipe."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(
        target=_press_and_tell, args=(theirs, url, hook, acknowledged, most), daemon=True
    )
    process.start()
    theirs.close()
    return process, ours


def _press_and_tell(pipe: Pipe, url: str, hook: str, acknowledged: int, most: int) -> None:
    """Takes the desk up, presses again what nobody acknowledged, then goes on; tells each acknowledged step.

    At step `most` it only sends what waits.
    """

    async def main() -> None:
        store = await Store.open(url)
        hooks = {"crm": Hook(name="crm", url=hook, secret="secret", timeout_s=5.0)}
        sender = Sender(store, hooks, lambda: datetime.now(UTC), look_s=0.05)
        sender.start()
        (desk,) = await store.read(units.load_all)
        work = desk.work
        assert work is not None
        loaded = await store.read(lambda conn: units.load_around(conn, work, "en"))
        by = Presser(operator_id=desk.operator_id, name="Olga", hooks=hooks)
        for step in range(acknowledged + 1, most + 1):
            press = Give(answer="on", fields={"n": str(step)})
            made = await store.write(
                lambda conn, step=step, press=press, loaded=loaded: steps.make_move(  # type: ignore[misc]
                    conn, work, loaded, step, press, by=by, now=NOW
                )
            )
            assert not isinstance(made, Refusal), made
            loaded = made[1]
            pipe.send(step)
        await asyncio.Event().wait()

    asyncio.run(main())
