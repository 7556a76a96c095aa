"""What a look over the folders found is told to whoever watches: by figures, and to the doctor."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from dialer.campaigns.archive import Archive
from dialer.campaigns.retention import Retention
from dialer.doctor import stores
from dialer.doctor.model import OrphansSeen
from dialer.telephony.compression import Compressor
from dialer.telephony.orphans import survey
from dialer.telephony.recordings import Recorder
from dialer.telephony.sources import SharedFolder
from tests.fresh_store import fresh_store
from tests.telephony.studio import NOW, Shelf, mono


async def test_orphans_are_counted_weighed_and_told(tmp_path: Path) -> None:
    store = await fresh_store(tmp_path / "store.db")
    shelf = Shelf(store=store, kept=tmp_path / "kept", source=tmp_path / "monitor")
    source = SharedFolder(shelf.source)
    kept, clock = shelf.kept, lambda: NOW
    archive = Archive(
        store,
        kept=kept,
        sources=[source],
        compressor=Compressor(store, kept=kept, now=clock, after=None, originals=timedelta()),
        retention=Retention(store, kept=kept, source=source, sources={}, days=0, now=clock),
        recorder=Recorder(store, source=source, sources={}, kept=kept, now=clock),
        now=clock,
    )
    assert list(archive.figures()) == [], "nothing was looked at yet"
    await shelf.add("GONE")
    (kept / "GONE.wav").unlink()
    shelf.pbx_writes("UNKNOWN")
    await archive.look_over()
    told = {(figure.name, dict(figure.labels).get("what", "")): figure.value for figure in archive.figures()}
    assert told[("recordings_orphans", "nobodys")] == 2
    assert told[("recordings_orphans", "gone")] == 1
    assert told[("recordings_orphans", "stuck")] == 0
    assert told[("recordings_orphans_bytes", "")] == 2 * len(mono())

    url = f"sqlite:///{tmp_path / 'store.db'}"
    look = partial(survey, kept=kept, folders=[shelf.source])
    inside = (await stores.from_inside(store, url, look))[2]
    outside = (await stores.from_outside(url, look))[2]
    assert inside == outside
    assert inside is not None
    day = inside.oldest
    assert inside == OrphansSeen(strangers=2, bytes=2 * len(mono()), oldest=day, dangling=1)
    await store.close()
