"""/metrics: the daemon's own figures in the text form of Prometheus, for this machine or for who has the word.

No label holds anything of a person: names of PBXs, listeners and states alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from dialer.auth.addresses import is_loopback
from dialer.health.figures import Figure, Spread
from dialer.http.problems import Problem

PREFIX = "callwright_"
Source = Callable[[], Iterable[Figure]]


class _Figures(Collector):
    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for source in self._sources:
            for figure in source():
                family = families.get(figure.name)
                if family is None:
                    family = families[figure.name] = _family(figure)
                _add(family, figure)
        yield from families.values()


def _family(figure: Figure) -> Metric:
    name, labels = PREFIX + figure.name, [label for label, _ in figure.labels]
    kinds = {"gauge": GaugeMetricFamily, "count": CounterMetricFamily, "spread": HistogramMetricFamily}
    made: Metric = kinds[figure.kind](name, figure.says, labels=labels)
    return made


def _add(family: Metric, figure: Figure) -> None:
    labels = [value for _, value in figure.labels]
    if isinstance(figure.value, Spread):
        so_far, buckets = 0, []
        for bound, number in zip((*figure.value.bounds, "+Inf"), figure.value.counts, strict=True):
            so_far += number
            buckets.append((str(bound), so_far))
        family.add_metric(labels, buckets=buckets, sum_value=figure.value.total_s)  # type: ignore[attr-defined]
    else:
        family.add_metric(labels, figure.value)  # type: ignore[attr-defined]


class Metrics:
    """`token` opens them to other machines; "" leaves them to this one."""

    def __init__(self, sources: Iterable[Source], token: str = "") -> None:
        self._token = token
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Figures(sources))
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    async def serve(self, request: web.Request) -> web.Response:
        if not self._may(request):
            raise Problem(403, "metrics_closed")
        headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=self.text(), headers=headers)

    def _may(self, request: web.Request) -> bool:
        """Who comes through a proxy comes from elsewhere, whatever address the proxy has."""
        given = request.headers.get(hdrs.AUTHORIZATION, "").removeprefix("Bearer ").strip()
        if self._token and hmac.compare_digest(given.encode(), self._token.encode()):
            return True
        if hdrs.X_FORWARDED_FOR in request.headers or hdrs.FORWARDED in request.headers:
            return False
        return is_loopback(request.remote or "")
