"""REST services: every fault ends in the same records as a clean run, and no lie makes a loop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from tests.sources.conftest import NOW, Bench
from tests.sources.rest_server import Faults, Rest, serve

pytestmark = pytest.mark.usefixtures("no_proxy")
CURSOR = {"kind": "cursor", "param": "cursor", "next": "data.next_cursor"}
PAGE = {"kind": "page", "param": "page", "size_param": "size", "size": 10, "total": "total"}
OFFSET = {"kind": "offset", "param": "offset", "size_param": "size", "size": 10, "total": "total"}
SINCE = {"param": "since", "format": "iso", "field": "updated_at", "overlap_s": 600}


def posts(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "id": str(number),
            "text": f"第{number}条 异响\n二行",
            "score": 1.10,
            "updated_at": f"2024-05-01T{number // 60:02d}:{number % 60:02d}:00+08:00",
        }
        for number in range(start, start + count)
    ]


@pytest.fixture
def served() -> Iterator[Callable[[Rest], Rest]]:
    with ExitStack() as stack:
        yield lambda rest: stack.enter_context(serve(rest))


def set_rest(bench: Bench, rest: Rest, path: str = "/cursor", **more: Any) -> None:
    paging = {"/cursor": CURSOR, "/page": PAGE, "/offset": OFFSET}[path]
    bench.set(**{"kind": "rest", "url": rest.url + path, "records": "data.items", "paging": paging} | more)


def ids(bench: Bench, deliveries: list[Any]) -> list[str]:
    return [one["id"] for one in bench.records(deliveries)]


@pytest.mark.parametrize("path", ["/cursor", "/page", "/offset"])
def test_all_pages_become_one_delivery_as_written(bench: Bench, served: Any, path: str) -> None:
    rest = served(Rest(posts(95)))
    set_rest(bench, rest, path)
    (delivery,) = bench.collect()
    assert ids(bench, [delivery]) == [str(n) for n in range(95)]
    assert len(rest.requests) == 10
    assert bench.records([delivery]) == rest.records
    assert b'"score": 1.1' in bench.bytes_of(delivery)
    assert bench.collect(NOW + timedelta(hours=1)) == []  # the same again is nothing new


@pytest.mark.parametrize("seed", range(20))
def test_faults_change_nothing(bench: Bench, served: Any, seed: int) -> None:
    faults = Faults(seed, server_error=0.3, busy=0.1, cut=0.1, error_body=0.03, dropped=0.03)
    rest = served(Rest(posts(120), faults=faults))
    set_rest(bench, rest, ("/cursor", "/page", "/offset")[seed % 3], budget_s=3600, attempts=15)
    (delivery,) = bench.collect()
    clean = b"".join(json.dumps(one, ensure_ascii=False).encode() for one in rest.records)
    landed = b"".join(json.dumps(one, ensure_ascii=False).encode() for one in bench.records([delivery]))
    assert landed == clean  # none lost, none doubled, in order
    assert sum(count for name, count in faults.drawn.items() if name != "right") >= 3
    if faults.drawn.get("busy"):
        assert max(bench.time.slept) >= 7  # never earlier than the service asks for
