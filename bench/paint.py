"""From the event's write to the card painted in Chromium: one operator's page, no other load."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bench.feeder import Feeder
from bench.figures import say
from bench.office import number_of, token_of
from bench.process import daemon, filled
from dialer.clients.numbers import national
from tests.ami.fake_server import serving
from tests.rig.browser_files import FIRST_CHROMIUM

CLIENTS = 1_000
DEADLINE_S = 10.0
# After the card stands in the document: the next frame draws it, and what comes after that frame's task is painted.
WATCH = """
window.popped = (number) => new Promise((done) => {
  const bare = (text) => text.replace(/\\D/g, '');
  const painted = () => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.timeOrigin + performance.now());
    port2.postMessage(null);
  });
  const stands = () => {
    const place = document.querySelector('[data-test=offered]');
    return place !== null && bare(document.body.textContent).includes(number);
  };
  const watch = new MutationObserver(() => {
    if (stands()) { watch.disconnect(); painted(); }
  });
  watch.observe(document, { subtree: true, childList: true, characterData: true });
});
"""


async def measure_paint(folder: Path, count: int) -> list[float]:
    """Seconds of each pop; empty, and said so, where there is no Chromium."""
    if not FIRST_CHROMIUM.exists():
        say("screen_pop: no Chromium here, paint_p99_ms is left out")
        return []
    (user,) = await filled(folder, operators=1, clients=CLIENTS)
    async with (
        serving(Feeder()) as feeder,
        daemon(folder, feeder.port) as port,
        async_playwright() as driver,
    ):
        browser = await driver.chromium.launch(
            executable_path=str(FIRST_CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        base = f"http://127.0.0.1:{port}"
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="ru-RU")
        await context.add_cookies([{"name": "callwright", "value": token_of(user), "url": base}])
        page = await context.new_page()
        await page.add_init_script(WATCH)
        await page.goto(f"{base}/operator")
        await page.evaluate(
            """fetch('/api/v1/desk/session', {method: 'POST', body: '{"on":true}',
               headers: {'X-Callwright': '1', 'Content-Type': 'application/json'}})"""
        )
        await page.wait_for_selector("[data-state=ready]", timeout=DEADLINE_S * 1000)
        took = [await _pop(page, feeder, number) for number in range(count + 3)]
        await browser.close()
        return took[3:]  # the first ones load what is lazy


async def _pop(page: Page, feeder: Feeder, number: int) -> float:
    leg, caller = f"1795368676.{number}", number_of(1 + number * 7)
    digits = "".join(c for c in national(caller) if c.isdigit())
    painted = asyncio.ensure_future(page.evaluate(f"popped('{digits}')"))
    await page.evaluate("1")  # the observer stands
    await asyncio.sleep(0.05)
    begun = time.time()
    feeder.call_in(leg, caller)
    async with asyncio.timeout(DEADLINE_S):
        at = await painted / 1000
    feeder.caller_gives_up(leg, caller)
    await page.wait_for_selector("[data-test=offered]", state="detached", timeout=DEADLINE_S * 1000)
    return float(at - begun)
