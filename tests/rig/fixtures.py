"""Fixtures of the rig. A test module imports those that it wants, by name.

`network` comes first: everything else is started inside it. All are per module, so that modules never share a
port, a call or a file, and a module's tests share one Asterisk (half a second to start).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.asterisk import AsteriskServer
from tests.rig.far_end import FarEnd, desk_phones, provider
from tests.rig.network import Network
from tests.rig.sound import clock_voice, write_wav
from tests.rig.wire import RawAmi

__all__ = ["ami", "asterisk", "far_end", "network", "phones", "voice"]

FALLBACK = {"extensions_local.conf": "[globals](+)\nCW_FALLBACK = PJSIP/op302\n"}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """This test process in a network of its own."""
    with Network() as inside:
        yield inside


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    """A running Asterisk with the shipped configuration; fallback calls ring op302."""
    server = AsteriskServer(local=FALLBACK)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def far_end(network: Network) -> Iterator[FarEnd]:
    """The provider at the end of the trunk."""
    end = provider()
    yield end
    end.remove()


@pytest.fixture(scope="module")
def phones(network: Network) -> Iterator[FarEnd]:
    """The plain SIP phones op301 to op305."""
    end = desk_phones()
    yield end
    end.remove()


@pytest.fixture
def ami(asterisk: AsteriskServer) -> Iterator[RawAmi]:
    """A bare AMI session, logged in; what it left alive is hung up afterwards."""
    with RawAmi() as session:
        assert session.login(asterisk.accounts.ami)["Response"] == "Success"
        yield session
    asterisk.cli("channel request hangup all")


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV file of the clock voice for a browser's microphone."""
    path = tmp_path_factory.mktemp("voice") / "clock.wav"
    write_wav(path, clock_voice(48000), 48000)
    return path
