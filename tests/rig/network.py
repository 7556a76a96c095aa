"""A network of our own for one test module: no port clashes, no packet leaves, nothing is left behind.

The test process itself steps into a fresh, nameless network namespace and out of it again. What it starts
there (daemon, Asterisk, sipp, browser) and every socket that it opens meanwhile lives in that namespace, so
127.0.0.1 is the same for all. A nameless namespace ends with its last process: even a test run killed with -9
leaves nothing. Asterisk offers no ICE candidates without an address other than loopback, hence the veth pair,
both ends of which stay inside.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from types import TracebackType

ADDRESS = "10.99.0.1"
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class NoNetwork(Exception):
    """The kernel refused: not root, or namespaces are switched off."""


def _check(result: int, what: str) -> None:
    if result != 0:
        raise NoNetwork(f"{what}: {os.strerror(ctypes.get_errno())}")


class Network:
    """Enter it in the main thread, before any thread is started that is to open sockets in it."""

    def __init__(self) -> None:
        self._outside: int | None = None

    def __enter__(self) -> Network:
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.unshare(CLONE_NEWNET), "unshare")
        except NoNetwork:
            os.close(outside)
            raise
        self._outside = outside
        try:
            for command in (
                "ip link set lo up",
                "ip link add pbx0 type veth peer name pbx1",
                f"ip address add {ADDRESS}/24 dev pbx0",
                "ip link set pbx0 up",
                "ip link set pbx1 up",
            ):
                subprocess.run(command.split(), check=True, capture_output=True, timeout=10)
        except BaseException:
            self.leave()
            raise
        return self

    def leave(self) -> None:
        if self._outside is None:
            return
        outside, self._outside = self._outside, None
        try:
            _check(_libc.setns(outside, CLONE_NEWNET), "setns")
        finally:
            os.close(outside)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
