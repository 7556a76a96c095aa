"""How much a page loads before it can be used: HTML, its script and style with all they import, one language.

From the built pages (dialer/http/static), each file gzipped for itself, in KB of 1024 bytes.

- `operator_first_load_gz_kb`, `console_first_load_gz_kb`, `login_first_load_gz_kb`. No baseline: budgets stand
  in the specification.
- `..._lazy_gz_kb`: what a page loads later, when it is asked for.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

from bench.figures import figure, say
from dialer.http.server import PAGES, static_folder

LANGUAGE = "src/locales/ru.json"  # the larger one
CONSOLE = "src/locales/console.ru.json"


def gather(manifest: dict[str, Any], entry: str) -> set[str]:
    """An entry's files with those of all that it imports at once."""
    files: set[str] = set()
    waiting = [entry]
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in seen or key not in manifest:
            continue
        seen.add(key)
        chunk = manifest[key]
        files |= {chunk["file"], *chunk.get("css", ())}
        waiting += chunk.get("imports", ())
    return files


def first_load(folder: Path, manifest: dict[str, Any], page: str) -> set[str]:
    """All files that the page's first load fetches, what its HTML names included."""
    html = (folder / f"{page}.html").read_text(encoding="utf-8")
    named = {name.lstrip("/") for name in re.findall(r'(?:src|href)="(/[^"]+)"', html)}
    files = {f"{page}.html", *named} | gather(manifest, f"{page}.html") | gather(manifest, LANGUAGE)
    files |= gather(manifest, CONSOLE) if page == "console" else set()
    return {name for name in files if (folder / name).is_file()}


def weight(folder: Path, files: set[str]) -> float:
    """KB, each file gzipped for itself."""
    return sum(len(gzip.compress((folder / name).read_bytes(), 9, mtime=0)) for name in files) / 1024


def main() -> None:
    folder = static_folder()
    if not (folder / "manifest.json").is_file():
        raise SystemExit("the pages are not built: run `make web`")
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    at_once: set[str] = set()
    for page in PAGES:
        files = first_load(folder, manifest, page)
        at_once |= files
        say(f"{page}: {', '.join(sorted(files))}")
        figure("pages", f"{page}_first_load_gz_kb", weight(folder, files), "KB", n=len(files))
    for key, chunk in manifest.items():
        if chunk.get("isDynamicEntry") and "locales" not in key:
            files = gather(manifest, key) - at_once
            name = re.sub(r"\W+", "_", Path(key).stem).lower()
            figure("pages", f"{name}_lazy_gz_kb", weight(folder, files), "KB", n=len(files))


if __name__ == "__main__":
    main()
