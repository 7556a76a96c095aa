"""`dialer demo`: the daemon with a virtual PBX and simulated clients, in a folder of its own."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sys
from pathlib import Path

from dialer.app import running, until_told_to_end
from dialer.config import Http, PbxSettings, Recordings, Settings, StoreSettings
from dialer.simulation.demo import LINES, DemoPbx, Login, seed
from dialer.telephony.private import private_folder
from dialer.wiring import utc_now

FOLDER = Path("data/demo")


async def demo(*, port: int, fresh: bool, folder: Path = FOLDER) -> int:
    """Run until told to end; `fresh` forgets what earlier demos stored."""
    await asyncio.to_thread(_prepare, folder, fresh)
    secret = secrets.token_urlsafe(18)
    pbx = DemoPbx(recordings=folder / "monitor", secret=secret)
    await pbx.start()
    try:
        async with running(_settings(folder, port, pbx.port, secret)) as app:
            logins = await seed(app.store, app.auth, utc_now)
            _say(app.url, logins)
            await until_told_to_end()
            print("ending ...", flush=True)
    finally:
        await pbx.stop()
    return 0


def _prepare(folder: Path, fresh: bool) -> None:
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)


def _settings(folder: Path, port: int, ami_port: int, secret: str) -> Settings:
    return Settings(
        http=Http(port=port),
        store=StoreSettings(url=f"sqlite:///{folder / 'callwright.db'}"),
        pbx={"demo": PbxSettings(port=ami_port, secret=secret)},
        recordings=Recordings(source=str(folder / "monitor"), kept=str(folder / "recordings")),
        lines=LINES,
    )


def _say(url: str, logins: tuple[Login, ...]) -> None:
    print(f"ready: {url}")
    print("\nLog in as / войдите как:")
    for who in logins:
        print(f"  {who.login:8} {who.password:14} {who.role.value:10} {who.name}")
    print(
        "\nNo microphone is needed: the operators' phones and the clients are simulated. Ctrl-C ends the demo."
    )
    sys.stdout.flush()
