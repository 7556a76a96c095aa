"""/metrics, /healthz, /readyz: for whom they are, that they hold nothing of anybody, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dialer.auth.model import Role
from dialer.health.figures import Durations, count, gauge
from dialer.http.metrics import Metrics
from dialer.watching import STANDS_STILL_S, Pulse
from tests.http.conftest import PASSWORD, House

in_house = pytest.mark.asyncio(loop_scope="session")
TOKEN = "0123456789abcdef"


def read(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """As Prometheus reads it: each sample's value by its name and labels; no sample may stand twice."""
    samples = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples
            samples[key] = sample.value
    return samples


@in_house
async def test_it_says_how_the_daemon_stands(house: House) -> None:
    answer = await house.page().get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    samples = read(answer.body)
    pbx = (("pbx", "main"),)
    assert samples["callwright_pbx_up", pbx] == 0
    assert samples["callwright_store_up", ()] == 1
    assert samples["callwright_store_commit_seconds_count", ()] > 0
    assert samples["callwright_calls", (("pbx", "main"), ("state", "bridged"))] == 0
    for name in (
        "callwright_ami_pending_actions", "callwright_ami_backlog_bytes", "callwright_ami_lag_seconds",
        "callwright_ami_to_nobody_total", "callwright_ami_skipped_total", "callwright_ami_not_taken_total",
        "callwright_events_of_unknown_legs_total",
    ):  # fmt: skip
        assert (name, pbx) in samples
    for name in (
        "store_units_waiting",
        "recordings_waiting",
        "claims",
        "loop_lag_seconds",
        "inbound_left_total",
    ):
        assert ("callwright_" + name, ()) in samples
    assert ("callwright_bus_lag_events", (("listener", "recorder"),)) in samples
    assert ("callwright_pages_behind", (("view", "desk"),)) in samples


@in_house
async def test_it_counts_what_stands_on_desks_and_tells_of_nobody(house: House) -> None:
    before = read((await house.page().get("/metrics")).body)["callwright_claims", ()]
    _, frame = await house.with_client()
    text = (await house.page().get("/metrics")).body
    assert read(text)["callwright_claims", ()] == before + 1
    card = frame["desk"]["work"]["card"]
    assert card["phones"][0]["e164"].encode()[1:] not in text
    assert card["name"].encode() not in text
    assert frame["desk"]["operator"]["login"].encode() not in text


@in_house
async def test_who_comes_through_a_proxy_is_not_on_this_machine(house: House) -> None:
    for header in ({"X_Forwarded_For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}):
        answer = await house.page().get("/metrics", **header)
        assert (answer.status, answer.code) == (403, "metrics_closed")
    admin = house.pages[Role.ADMIN]
    assert (await admin.get("/metrics", X_Forwarded_For="10.0.0.9")).status == 403, "a login is no word"


@in_house
async def test_a_pbx_that_is_away_is_on_the_console_with_since_when_and_why(house: House) -> None:
    page = house.pages[Role.SUPERVISOR]
    async with page.live("?view=console") as socket:
        while True:
            console = (await socket.receive_json(timeout=10))["console"]
            if console["troubles"]:
                break
    (away,) = [one for one in console["troubles"] if one["code"] == "pbx_away"]
    assert (away["where"], away["cause"]) == ("main", "unreachable")
    assert "pbx.host" in away["detail"]
    assert away["since"] <= console["server_now"]


@in_house
async def test_it_lives_and_is_ready(house: House) -> None:
    assert (await house.page().get("/healthz")).body == b"ok\n"
    assert (await house.page().get("/readyz")).body == b"ready\n"
    assert PASSWORD.encode() not in (await house.page().get("/metrics")).body


def test_a_daemon_whose_sweep_stands_still_is_to_be_started_anew() -> None:
    clock = [0.0]
    pulse = Pulse(lambda: clock[0])
    clock[0] = STANDS_STILL_S
    assert pulse.stands_still() == ""
    clock[0] += 1
    assert "61 s" in pulse.stands_still()
    pulse.beat()
    assert pulse.stands_still() == ""


class Request:
    """As much of a request as decides who may see the metrics."""

    def __init__(self, remote: str, **headers: str) -> None:
        self.remote = remote
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("token", "request_", "may"),
    [
        ("", Request("127.0.0.1"), True),
        ("", Request("::1"), True),
        ("", Request("::ffff:127.0.0.1"), True),
        ("", Request("10.0.0.2"), False),
        ("", Request(""), False),
        ("", Request("10.0.0.2", Authorization="Bearer "), False),
        (TOKEN, Request("10.0.0.2", Authorization=f"Bearer {TOKEN}"), True),
        (
            TOKEN,
            Request("127.0.0.1", Authorization=f"Bearer {TOKEN}", **{"X-Forwarded-For": "1.2.3.4"}),
            True,
        ),
        (TOKEN, Request("10.0.0.2", Authorization="Bearer 0123456789abcdeX"), False),
        (TOKEN, Request("10.0.0.2", Authorization="Bearer пароль"), False),
        (TOKEN, Request("10.0.0.2"), False),
        (TOKEN, Request("127.0.0.1"), True),
    ],
)
def test_who_may_see_them(token: str, request_: Request, may: bool) -> None:
    assert Metrics([], token)._may(request_) is may  # type: ignore[arg-type]


def test_every_kind_of_figure_is_written_as_prometheus_reads_it(tmp_path: Path) -> None:
    took = Durations(0.1, 1.0)
    for seconds in (0.05, 0.5, 0.5, 7.0):
        took.add(seconds)

    def figures() -> list:  # type: ignore[type-arg]
        hostile = 'a"b\\c\nd'
        return [
            gauge("g", "G.", 1.5, pbx=hostile),
            gauge("g", "G.", 2, pbx="x"),
            count("c", "C.", 3),
            took.figure("d", "D."),
        ]

    samples = read(Metrics([figures]).text())
    assert samples["callwright_g", (("pbx", 'a"b\\c\nd'),)] == 1.5
    assert samples["callwright_g", (("pbx", "x"),)] == 2
    assert samples["callwright_c_total", ()] == 3
    assert samples["callwright_d_bucket", (("le", "1.0"),)] == 3
    assert samples["callwright_d_bucket", (("le", "+Inf"),)] == samples["callwright_d_count", ()] == 4
    assert samples["callwright_d_sum", ()] == pytest.approx(8.05)
    assert samples["process_open_fds", ()] > 0


def test_figures_are_asked_for_at_each_look() -> None:
    seen = [0]
    metrics = Metrics([lambda: [count("c", "C.", seen[0])]])
    assert read(metrics.text())["callwright_c_total", ()] == 0
    seen[0] = 4
    assert read(metrics.text())["callwright_c_total", ()] == 4
