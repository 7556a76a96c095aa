"""Sends what left the house's door: each delivery at least once, with its key, bounded in number and time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import aiohttp

from dialer.automation import deliveries
from dialer.automation.circuit import Circuit, again_at, may_come_right
from dialer.automation.deliveries import Delivery
from dialer.automation.model import Hook
from dialer.automation.signing import headers
from dialer.health.figures import Figure, count, gauge
from dialer.store.engine import Store
from dialer.store.errors import StoreError
from dialer.store.outbox import Envelope

log = logging.getLogger(__name__)

AT_ONCE = 8
LOOK_S = 5.0  # the longest time until what became due is seen
MOST_ANSWER = 64 * 1024  # what is read of an answer: enough to use the connection again


class Sender:
    """The task that tries what is due. Started and stopped by its owner; `wake` when something was queued."""

    def __init__(
        self,
        store: Store,
        hooks: Mapping[str, Hook],
        now: Callable[[], datetime],
        *,
        chance: Callable[[], float] = random.random,
        look_s: float = LOOK_S,
    ) -> None:
        self.hooks = hooks
        self._store = store
        self._now = now
        self._chance = chance
        self._look_s = look_s
        self._circuits: dict[str, Circuit] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}  # by delivery; at most AT_ONCE
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self.settled = asyncio.Event()  # set after each try that was written down
        self.sent = 0
        self.failed = 0  # tries that did not come right

    def start(self) -> None:
        # No proxy of the environment, no cookies, no redirects: only what the admin configured is reached.
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        self._task = asyncio.create_task(self._run(), name="web hooks")

    async def stop(self) -> None:
        """Gives up what is under way: it is tried again by the next life, with the same key."""
        tasks = [task for task in (self._task, *self._under_way.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def wake(self, envelope: Envelope | None = None) -> None:
        """Something was queued: look at once."""
        self._awake.set()

    def figures(self) -> Iterator[Figure]:
        yield count("web_hooks_sent", "Web hooks that were taken.", self.sent)
        yield count("web_hooks_failed_tries", "Tries of web hooks that did not come right.", self.failed)
        yield gauge("web_hooks_under_way", "Web hooks being sent.", len(self._under_way))

    # --- the task -------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._awake.clear()
            try:
                await self._begin_what_is_due()
            except StoreError as error:
                log.warning("web_hooks_put_off: %s", error)
            except Exception:
                # What waits is stored; one fault must not end the sending of all the rest.
                log.exception("web_hooks_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._awake.wait()

    async def _begin_what_is_due(self) -> None:
        free = AT_ONCE - len(self._under_way)
        if free <= 0:
            return
        now, resting = self._now(), self._resting()
        # Those under way are due still: as many more are read, so that they hide nobody.
        found = await self._store.read(lambda conn: deliveries.due(conn, now, AT_ONCE * 2, but=resting))
        for delivery in found:
            if free <= 0:
                break
            if delivery.id not in self._under_way and self._may_go(delivery.hook):
                # Named before it first runs: the next of this round must see it.
                self._under_way[delivery.id] = asyncio.create_task(
                    self._deliver(delivery), name=delivery.hook
                )
                free -= 1

    def _resting(self) -> list[str]:
        now = self._now()
        return [name for name, circuit in self._circuits.items() if not circuit.lets_through(now)]

    def _may_go(self, hook: str) -> bool:
        """A receiver in trouble gets one try at a time, so that it can come right."""
        circuit = self._circuits.get(hook, Circuit())
        if not circuit.lets_through(self._now()):
            return False  # it failed once more while what is due was read
        return circuit.failures == 0 or all(task.get_name() != hook for task in self._under_way.values())

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            hook = self.hooks.get(delivery.hook)
            if hook is None:
                status, trouble = None, "there is no such web hook in the configuration"
            else:
                status, trouble = await self._try(hook, delivery)
            await self._settle(delivery, status, trouble, known=hook is not None)
        except StoreError as error:
            log.warning("web_hook_unsettled delivery=%s: %s", delivery.id, error)
            await asyncio.sleep(self._look_s)  # it is due still, and is tried again: not at once
        finally:
            self._under_way.pop(delivery.id, None)
            self._awake.set()

    async def _settle(self, delivery: Delivery, status: int | None, trouble: str, *, known: bool) -> None:
        now = self._now()
        right = status is not None and 200 <= status < 300
        self.sent += right
        self.failed += not right
        before = self._circuits.get(delivery.hook, Circuit())
        # A refusal is an answer: the receiver is well.
        after = before.after(right or not may_come_right(status), now)
        self._circuits[delivery.hook] = after
        if after.open_until is not None and before.open_until is None:
            log.warning("web_hook_away hook=%s", delivery.hook)
        elif before.open_until is not None and after.open_until is None:
            log.info("web_hook_back hook=%s", delivery.hook)
        again = None
        if not right and known and may_come_right(status):
            again = again_at(delivery.tries + 1, now, self._chance())
        await self._store.write(
            lambda conn: deliveries.settle(
                conn, delivery.id, now, again_at=again, delivered=right, status=status, trouble=trouble
            )
        )
        self.settled.set()

    async def _try(self, hook: Hook, delivery: Delivery) -> tuple[int | None, str]:
        """One try: the answer's status, or None and what went wrong, in words without secrets."""
        assert self._session is not None  # noqa: S101 - started
        body = delivery.body.encode()
        sent = headers(hook.secret, delivery.id, int(self._now().timestamp()), body)
        try:
            async with (
                asyncio.timeout(hook.timeout_s),
                self._session.post(hook.url, data=body, headers=sent, allow_redirects=False) as answer,
            ):
                await answer.content.read(MOST_ANSWER)
                refused = "" if answer.status < 300 else f"answered {answer.status}"
                return answer.status, refused
        except TimeoutError:
            return None, f"no answer within {hook.timeout_s:g} s"
        except aiohttp.ClientError as error:
            return None, type(error).__name__
        except (OSError, ValueError) as error:
            return None, type(error).__name__
