"""REST services: every fault ends in the same records as a clean run, and no lie makes a loop."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.partitions import business_date
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.fetching import FaultyAnswerError
from orchestration.sources.json_items import cut_items
from orchestration.sources.options import Options
from orchestration.sources.rest import Service, _parse
from tests.sources.conftest import NOW, Bench
from tests.sources.rest_server import Answer, Faults, Rest, serve

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


def test_window_starts_at_the_newest_record_less_the_overlap(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(100), since_field="updated_at"))
    set_rest(bench, rest, since=SINCE)
    bench.collect()
    assert "since" not in rest.requests[0]
    assert bench.collect(NOW + timedelta(hours=1)) == []
    assert rest.requests[-1]["since"] == "2024-05-01T01:29:00+08:00"
    rest.records += posts(5, start=100)
    rest.records.append(posts(1, start=92)[0] | {"id": "late"})  # committed late, within the overlap
    found = ids(bench, bench.collect(NOW + timedelta(hours=2)))
    assert {"100", "101", "102", "103", "104", "late"} <= set(found)
    assert set(found) <= {*(str(n) for n in range(89, 105)), "late"}
    assert bench.collect(NOW + timedelta(hours=3)) == []


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("local", "2024-05-01 01:29:00"),
        ("date", "2024-05-01"),
        ("epoch_s", "1714498140"),
        ("epoch_ms", "1714498140000"),
    ],
)
def test_times_are_asked_for_in_the_form_of_the_service(
    bench: Bench, served: Any, form: str, asked: str
) -> None:
    rest = served(Rest(posts(100)))
    set_rest(bench, rest, since=SINCE | {"param": "from", "format": form})
    bench.collect()
    assert bench.collect(NOW + timedelta(hours=1)) == []  # a service that does not look at it
    assert rest.requests[-1]["from"] == asked


def test_wrong_clock_of_the_source_hides_nothing(bench: Bench, served: Any) -> None:
    rest = served(Rest([*posts(3), posts(1)[0] | {"id": "x", "updated_at": "2099-01-01T00:00:00+08:00"}]))
    rest.since_field = "updated_at"
    set_rest(bench, rest, since=SINCE)
    bench.collect()
    rest.records.append(posts(1)[0] | {"id": "next", "updated_at": "2024-06-01T11:00:00+08:00"})
    assert "next" in ids(bench, bench.collect(NOW + timedelta(hours=1)))


# -- killed, timed out, another machine --------------------------------------------------------


def run_and_kill(bench: Bench, rest: Rest, at_request: int) -> int:
    """Collect in a process of its own that is killed while it waits for an answer; return its exit code."""
    process: list[subprocess.Popen[bytes]] = []

    def lie(_query: dict[str, str], number: int) -> Answer | None:
        if number == at_request:
            process[0].send_signal(signal.SIGKILL)
            process[0].wait(10)
        return None

    rest.lie = lie
    environment = {**os.environ, **bench.environment, "PYTHONPATH": str(PROJECT_ROOT)}
    code = "from orchestration.cli import main; main()"
    command = [sys.executable, "-c", code, "collect", "--received-at", "2024-06-01T10:30:00+08:00"]
    process.append(subprocess.Popen(command, env=environment))
    process[0].wait(60)
    rest.lie = None
    return process[0].returncode


def test_killed_between_pages_goes_on_at_the_next_page(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(100)))
    set_rest(bench, rest)
    assert run_and_kill(bench, rest, at_request=7) == -signal.SIGKILL
    asked_before = len(rest.requests)
    (delivery,) = bench.collect()
    assert ids(bench, [delivery]) == [str(n) for n in range(100)]
    assert [one.get("cursor") for one in rest.requests[asked_before:]] == ["c60", "c70", "c80", "c90"]
    assert any("goes on after page 6 (60 records)" in line for line in bench.lines)
    assert list((bench.home / "restricted/spool/forum").glob("*.jsonl")) == []


@pytest.mark.parametrize("torn", ["records.jsonl", "journal.jsonl"])
def test_torn_spool_is_cut_to_whole_pages(bench: Bench, served: Any, torn: str) -> None:
    """Power went while a page, or its line, was being written."""
    rest = served(Rest(posts(50)))
    set_rest(bench, rest, attempts=1)
    rest.lie = lambda _query, number: (500, {}, b"") if number > 3 else None
    bench.failure()
    with (bench.home / "restricted/spool/forum" / torn).open("ab") as file:
        file.write(b'{"bytes": 99, "ro')
    rest.lie = None
    (delivery,) = bench.collect()
    assert bench.records([delivery]) == rest.records


def test_time_budget_keeps_the_pages_and_the_next_time_goes_on(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(100)))
    set_rest(bench, rest, budget_s=10)
    bench.time.tick = 1.0
    failures = []
    for hour in range(20):
        (one,) = bench.run(NOW + timedelta(hours=hour))
        if one.deliveries:
            break
        failures.append(one.failure)
    assert failures
    assert "the time budget of 10 s is used up" in failures[0]
    assert "are kept, the next collect goes on at page" in failures[0]
    assert bench.records(one.deliveries) == rest.records
    assert len(rest.requests) == 10  # no page was asked for twice


def test_retry_after_beyond_the_budget_does_not_wait(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(10)))
    rest.lie = lambda _query, _number: (503, {"Retry-After": "3600"}, b"")
    set_rest(bench, rest, budget_s=60)
    assert "time budget of 60 s is used up; last: answered 503" in bench.failure()
    assert bench.time.slept == []


def test_landed_but_not_tidied_up_is_not_landed_twice(bench: Bench, served: Any, monkeypatch: Any) -> None:
    """Killed after landing, before the spool was thrown away."""
    from orchestration.sources.spool import PageSpool

    rest = served(Rest(posts(30), since_field="updated_at"))
    set_rest(bench, rest, since=SINCE)
    monkeypatch.setattr(PageSpool, "clear", lambda _self: None)
    assert len(bench.collect()) == 1
    monkeypatch.undo()
    assert bench.collect(NOW + timedelta(hours=1)) == []
    rest.records += posts(1, start=99)
    assert "99" in ids(bench, bench.collect(NOW + timedelta(hours=2)))


def test_position_the_service_forgot_starts_the_window_anew(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(50)))
    set_rest(bench, rest, attempts=1)
    rest.lie = lambda _query, number: (500, {}, b"") if number > 3 else None
    bench.failure()
    rest.lie = lambda query, number: (410, {}, b"") if number == 5 else None
    assert ids(bench, bench.collect()) == [str(n) for n in range(50)]


def test_server_that_drips_does_not_outlast_the_budget(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(10)))
    rest.lie = lambda query, _number: (200, {"X-Drip": "1"}, rest.page("/cursor", query)[2])
    set_rest(bench, rest, budget_s=20)
    bench.time.tick = 1.0
    assert "time budget of 20 s is used up; last: the answer came too slowly" in bench.failure()
    bench.time.tick = 0.0
    assert bench.records(bench.collect()) == rest.records


# -- answers that are 200 and wrong ------------------------------------------------------------


def body(**data: Any) -> Answer:
    return 200, {}, json.dumps(data).encode()


def items(*numbers: int, cursor: str | None = None) -> Answer:
    return body(data={"items": [{"id": str(n)} for n in numbers], "next_cursor": cursor})


LIES: dict[str, tuple[Callable[[dict[str, str], int], Answer], str]] = {
    "same cursor": (lambda q, n: items(n, cursor="c1"), "the next cursor is the one just asked for"),
    "round": (lambda q, n: items(n, cursor="b" if q.get("cursor") == "a" else "a"), "the pages go round"),
    "same page": (lambda q, n: items(1, 2, cursor=f"c{n}"), "the same page came twice"),
    "endless empty": (lambda q, n: items(cursor=f"c{n}"), "empty pages in a row"),
    "error body": (lambda q, n: body(code=500, msg="x"), "answered 200 but there is nothing at data"),
    "null data": (lambda q, n: body(data=None), "answered 200 but there is nothing at data.items"),
    "null items": (lambda q, n: body(data={"items": None}), "there is no list at data.items"),
    "items no list": (lambda q, n: body(data={"items": {"id": 1}}), "there is no list at data.items"),
    "no object": (lambda q, n: body(data={"items": [1]}), "a record is no JSON object"),
    "html": (lambda q, n: (200, {}, b"<html>login</html>"), "is cut off or no JSON"),
    "list": (lambda q, n: (200, {}, b"[]"), "it is a list"),
    "cursor object": (lambda q, n: body(data={"items": [{}], "next_cursor": {"a": 1}}), "is no cursor"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_end_in_a_clear_word_and_land_nothing(bench: Bench, served: Any, name: str) -> None:
    lie, words = LIES[name]
    rest = served(Rest([]))
    rest.lie = lie
    set_rest(bench, rest)
    assert words in bench.failure()
    assert len(rest.requests) < 70
    rest.lie, rest.records = None, posts(5)
    assert ids(bench, bench.collect()) == ["0", "1", "2", "3", "4"]  # nothing of the lie is left


def test_renamed_cursor_is_not_taken_for_the_end(bench: Bench, served: Any) -> None:
    """A full first page and no word of a next one: reading on as if that were all would lose the rest."""
    rest = served(Rest([]))
    rest.lie = lambda _query, _number: body(data={"items": posts(10), "cursor_next": "c10"})
    set_rest(bench, rest, paging=CURSOR | {"size_param": "size", "size": 10})
    assert "there is no data.next_cursor: was it renamed?" in bench.failure()
    set_rest(bench, rest, paging=CURSOR | {"size": 10, "may_omit_next": True})
    assert len(bench.records(bench.collect())) == 10


def test_renamed_time_is_told_and_loses_nothing(bench: Bench, served: Any) -> None:
    rest = served(Rest([{"id": "1", "changed_at": "2024-05-01T00:00:00+08:00"}]))
    set_rest(bench, rest, since=SINCE)
    assert len(bench.collect()) == 1
    assert any("no record has a time at updated_at; was it renamed?" in line for line in bench.lines)
    rest.records.append({"id": "2"})
    assert "2" in ids(bench, bench.collect(NOW + timedelta(hours=1)))


def test_parameters_may_travel_in_the_body(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(25)))
    set_rest(bench, rest, "/page", method="POST", body={"brand": "oem"}, params_in="body")
    assert bench.records(bench.collect()) == rest.records
    assert rest.requests[1] == {"brand": "oem", "size": "10", "page": "2"}


def test_lie_told_once_is_asked_again(bench: Bench, served: Any) -> None:
    """A cache that gives one page twice, then the right one."""
    rest = served(Rest(posts(40)))
    previous: list[Answer] = []

    def lie(query: dict[str, str], number: int) -> Answer | None:
        if number == 3:
            return previous[-1]
        previous.append(rest.page("/cursor", query))
        return None

    rest.lie = lie
    set_rest(bench, rest)
    assert bench.records(bench.collect()) == rest.records


@pytest.mark.parametrize("way", ["gzip", "cut gzip", "cut chunks", "bad gzip"])
def test_packed_and_cut_answers(bench: Bench, served: Any, way: str) -> None:
    rest = served(Rest(posts(25)))

    def lie(query: dict[str, str], number: int) -> Answer | None:
        plain = rest.page("/cursor", query)[2]
        packed = gzip.compress(plain)
        if way == "gzip":
            return 200, {"Content-Encoding": "gzip"}, packed
        if number % 2:
            return None
        if way == "cut chunks":
            return 200, {"X-Chunked": "1"}, plain
        return (
            200,
            {"Content-Encoding": "gzip"},
            packed[: len(packed) // 2] if way == "cut gzip" else b"no gzip",
        )

    rest.lie = lie
    set_rest(bench, rest)
    assert bench.records(bench.collect()) == rest.records


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(JSON, max_size=5), st.dictionaries(st.text(max_size=4), JSON, max_size=3), st.booleans())
def test_cut_items_are_the_items(found: list[Any], around: dict[str, Any], is_indented: bool) -> None:
    document = around | {"数据": around | {"items": found}}
    text = json.dumps(document, ensure_ascii=not is_indented, indent=2 if is_indented else None)
    pieces = cut_items(text, ("数据", "items"))
    assert [json.loads(line) for line, _ in pieces] == found
    assert [value for _, value in pieces] == found
    assert not any(b"\n" in line for line, _ in pieces)


def test_no_cut_of_an_answer_passes_for_a_whole_one() -> None:
    options = Options("x", {"url": "http://x", "records": "data.items", "paging": CURSOR})
    service = Service.of(options)
    whole = Rest(posts(3)).page("/cursor", {})[2]
    assert len(_parse(service, whole)[0]) == 3
    for end in range(len(whole)):
        with pytest.raises(FaultyAnswerError):
            _parse(service, whole[:end])


def test_empty_page_between_full_ones_is_passed(bench: Bench, served: Any) -> None:
    pages = {None: items(1, cursor="a"), "a": items(cursor="b"), "b": items(2)}
    rest = served(Rest([], lie=lambda query, _number: pages[query.get("cursor")]))
    set_rest(bench, rest)
    assert ids(bench, bench.collect()) == ["1", "2"]


def test_record_that_left_while_pages_were_counted_loses_none(bench: Bench, served: Any) -> None:
    """Behind a removed record all others move up by one; the page after would skip one."""
    rest = served(Rest(posts(50)))

    def lie(_query: dict[str, str], number: int) -> None:
        if number == 3:
            del rest.records[0]

    rest.lie = lie
    set_rest(bench, rest, "/page")
    assert bench.records(bench.collect()) == rest.records
    assert any("50 records became 49; reads from the start" in line for line in bench.lines)


def test_total_that_is_never_reached_is_told(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(20)))
    rest.lie = lambda query, _number: body(
        total=25, data={"items": rest.records[(int(query["page"]) - 1) * 10 :][:10]}
    )
    set_rest(bench, rest, "/page")
    assert "an empty page after 20 of 25 records" in bench.failure()
    set_rest(bench, rest, "/page", paging={"kind": "page", "param": "page", "until_empty": True})
    assert len(bench.records(bench.collect())) == 20


@pytest.mark.parametrize("path", ["/page", "/offset"])
def test_service_that_gives_smaller_pages_than_asked_for(bench: Bench, served: Any, path: str) -> None:
    rest = served(Rest(posts(50)))
    rest.lie = lambda query, _number: rest.page(path, query | {"size": "7"})
    set_rest(bench, rest, path)
    assert bench.records(bench.collect()) == rest.records


def test_next_address_in_the_answer(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(25)))

    def lie(query: dict[str, str], _number: int) -> Answer:
        start = int(query.get("from", 0))
        following = f"/posts?from={start + 10}" if start < 20 else None
        return body(data={"items": rest.records[start : start + 10]}, next=following)

    rest.lie = lie
    set_rest(bench, rest, paging={"kind": "link", "next": "next"})
    assert bench.records(bench.collect()) == rest.records
    rest.lie = lambda _query, _number: body(data={"items": [{"a": 1}]}, next="http://elsewhere.example/p2")
    assert "the next page is said to be on another host" in bench.failure(NOW + timedelta(hours=1))


def test_records_are_not_rewritten(bench: Bench, served: Any) -> None:
    raw = b'{"data": {"x": [1], "items": [ {"id": 12345678901234567890123,\n "n": 1.10, "e": 1E5, "d": 1, "d": 2,'
    raw += b' "t": "\\u5f02\\u54cd \\ud83d"} ,{}], "next_cursor": ""}}'
    rest = served(Rest([], lie=lambda _query, _number: (200, {}, raw)))
    set_rest(bench, rest)
    (delivery,) = bench.collect()
    first, second = bench.bytes_of(delivery).splitlines()
    assert first == (
        b'{"id": 12345678901234567890123,  "n": 1.10, "e": 1E5, "d": 1, "d": 2, "t": "\\u5f02\\u54cd \\ud83d"}'
    )
    assert second == b"{}"


def test_every_record_is_admitted_once_whatever_the_window_repeats(bench: Bench, served: Any) -> None:
    """Faults, overlaps and edits at the source: the ledger knows each call once, in its last version."""
    from orchestration.admission.admit import admit_pending
    from orchestration.admission.keys import create_key_file
    from orchestration.admission.ledger import Ledger

    def call(number: int, version: int = 0) -> dict[str, Any]:
        started = 1_714_500_000_000 + number * 60_000
        turns = [{"speaker": "customer", "text": f"第{number}次来电，方向盘异响{version}"}]
        times = {"started_at_ms": started, "updated_at_ms": started + version * 600_000}
        return {"call_id": f"C{number:05d}", "status": "active", "turns": turns} | times

    create_key_file(bench.folder / "keys.json")
    rest = served(Rest([call(n) for n in range(60)], since_field="updated_at_ms"))
    rest.faults = Faults(3, server_error=0.3, busy=0.1, cut=0.1)
    since = {"param": "since", "format": "epoch_ms", "field": "updated_at_ms", "overlap_s": 900}
    set_rest(bench, rest, since=since, budget_s=3600)
    bench.contract = str(PROJECT_ROOT / "data_quality/contracts/call_center.yml")
    bench.set("call_center", **bench.sources.pop("forum"))
    for day in range(4):
        bench.collect(NOW + timedelta(days=day))
        edited = {f"C{n:05d}": call(n, version=day + 1) for n in range(day * 10 + 40, day * 10 + 46)}
        rest.records = [edited.pop(one["call_id"], one) for one in rest.records] + list(edited.values())
        rest.records += [
            call(n)
            for n in range(60 + day * 10, 70 + day * 10)
            if f"C{n:05d}" not in {one["call_id"] for one in rest.records}
        ]
        rest.records.sort(key=lambda one: one["updated_at_ms"])
    bench.collect(NOW + timedelta(days=5))
    settings = Settings.load(bench.environment | {"VOC_KEYS": str(bench.folder / "keys.json")})
    report = admit_pending(settings, business_date(NOW + timedelta(days=6)))
    counts = report.channels["call_center"]
    assert counts.quarantined == 0
    assert counts.duplicate > 0
    with Ledger.open(settings) as ledger:
        (keys,) = ledger.connection.execute("select count(*) from record_key").fetchone()
        assert all(one.closed for one in ledger.equations(channel="call_center"))
    assert keys == len(rest.records)
    texts = {row["verbatim"] for row in raw_rows(settings) if row["is_current"]}
    assert texts == {one["turns"][0]["text"] for one in rest.records}


def raw_rows(settings: Settings) -> list[dict[str, Any]]:
    """Rows of all raw files, with whether each is the current version of its record."""
    import duckdb

    query = (
        "select verbatim, row_number() over (partition by record_id order by version_key desc,"
        f" content_hash desc) = 1 as is_current from read_parquet('{settings.raw}/call_center/*/*.parquet')"
    )
    with duckdb.connect() as connection:
        result = connection.execute(query)
        names = [one[0] for one in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_record_type_is_put_in_front(bench: Bench, served: Any) -> None:
    rest = served(Rest([], lie=lambda _query, _number: body(data={"items": [{"id": 1}, {}]})))
    set_rest(bench, rest, record_type="post")
    assert bench.records(bench.collect()) == [{"record_type": "post", "id": 1}, {"record_type": "post"}]


# -- who asks, and wrong options ---------------------------------------------------------------


def test_token_is_sent_and_never_told(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(3), token="s3cret"))
    set_rest(bench, rest, auth={"token": "s3cret"})
    (delivery,) = bench.collect()
    assert "s3cret" not in json.dumps(dict(delivery.source))
    set_rest(bench, rest, auth={"token": "other"}, params={"key": "hush"})
    failure = bench.failure(NOW + timedelta(hours=1))
    assert "answered 401; check the token under `auth`" in failure
    assert "other" not in failure
    assert "hush" not in failure


def test_client_credentials_are_changed_into_a_token(bench: Bench, served: Any) -> None:
    rest = served(Rest(posts(3), token="t0k"))
    tokens = served(Rest([], lie=lambda _query, _number: body(access_token="t0k")))
    auth = {"token_url": tokens.url + "/token", "client_id": "voc", "client_secret": "x"}
    set_rest(bench, rest, auth=auth)
    assert len(bench.records(bench.collect())) == 3


def test_redirect_is_not_followed_with_the_token(bench: Bench, served: Any) -> None:
    elsewhere = served(Rest([]))
    rest = served(Rest([], lie=lambda _query, _number: (302, {"Location": elsewhere.url + "/x?a=1"}, b"")))
    set_rest(bench, rest, auth={"header": "X-Key", "token": "s3cret"})
    assert f"it points to {elsewhere.url}/x; write that address as `url`" in bench.failure()
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": ""}, "voc.yml: channels.forum.source.url: is missing or empty"),
        ({"url": "ftp://x"}, "must start with https"),
        ({"paging": {"kind": "pages"}}, "paging.kind: is 'pages'; allowed: none, cursor, page"),
        ({"paging": {"kind": "page", "param": "p"}}, "say where pages end"),
        ({"paging": CURSOR | {"nxt": "x"}}, "unknown option(s) nxt"),
        ({"since": {"param": "s"}}, "since.field: is missing"),
        ({"since": SINCE | {"format": "us"}}, "since.format: is 'us'"),
        ({"since": SINCE | {"initial": "soon"}}, "since.initial: write a time"),
        ({"auth": {"token": ""}}, "auth.token: is missing or empty"),
        ({"budget_s": "long"}, "budget_s: must be a number"),
        ({"recods": "x"}, "unknown option(s) recods"),
    ],
)
def test_mistakes_are_named(bench: Bench, served: Any, change: dict[str, Any], words: str) -> None:
    set_rest(bench, served(Rest([])), **change)
    assert words in bench.failure()


def test_no_server_is_told(bench: Bench) -> None:
    bench.set(kind="rest", url="http://127.0.0.1:9/x", attempts=3)
    failure = bench.failure()
    assert "http://127.0.0.1:9/x: no connection, or it broke off (3 attempts)" in failure
    assert len(bench.time.slept) == 2
