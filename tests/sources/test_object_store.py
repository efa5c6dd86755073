"""S3: each version of an object is landed once and as it is, whatever its name, time or parts."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.sources.conftest import NOW, Bench

pytestmark = pytest.mark.usefixtures("no_proxy")
LATER = NOW + timedelta(days=1)
BUCKET = "drops"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto with flask is not installed")
    one = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    one.start()
    host, port = one.get_host_and_port()
    yield f"http://{host}:{port}"
    one.stop()


@pytest.fixture
def store(endpoint: str, bench: Bench, no_proxy: None) -> Iterator[Any]:
    """A bucket of its own, and the channel set to read it."""
    import boto3

    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "eu-west-1"}
    client = boto3.session.Session().client("s3", endpoint_url=endpoint, **keys)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    set_s3(bench, endpoint)
    yield client
    while found := client.list_objects_v2(Bucket=BUCKET).get("Contents"):
        for one in found:
            client.delete_object(Bucket=BUCKET, Key=one["Key"])
    client.delete_bucket(Bucket=BUCKET)


def set_s3(bench: Bench, endpoint: str, **more: Any) -> None:
    source = {
        "kind": "s3",
        "bucket": BUCKET,
        "prefix": "parts/",
        "pattern": "*.csv*",
        "endpoint_url": endpoint,
        "region": "eu-west-1",
        "access_key": "k",
        "secret_key": "s",
        "addressing": "path",
        "attempts": 2,
    }
    bench.set(**source | more)


def put(client: Any, key: str, body: bytes) -> None:
    client.put_object(Bucket=BUCKET, Key=key, Body=body)


def landed(bench: Bench, deliveries: list[Any]) -> dict[str, bytes]:
    return {one.file_name: bench.bytes_of(one) for one in deliveries}


def test_objects_are_landed_once_and_as_they_are(bench: Bench, store: Any) -> None:
    put(store, "parts/2024/a.csv", b"a;1\r\n\xff")
    put(store, "parts/b.csv.gz", b"\x1f\x8bxx")
    put(store, "parts/notes.txt", b"not asked for")
    put(store, "parts/folder.csv/", b"")
    put(store, "other/c.csv", b"elsewhere")
    found = bench.collect()
    assert landed(bench, found) == {"2024/a.csv": b"a;1\r\n\xff", "b.csv.gz": b"\x1f\x8bxx"}
    assert len({one.received_at for one in found}) == 2  # in the order of their change
    assert bench.collect(LATER) == []


def test_object_written_again_is_a_new_delivery(bench: Bench, store: Any) -> None:
    put(store, "parts/a.csv", b"one")
    bench.collect()
    put(store, "parts/a.csv", b"two")
    assert landed(bench, bench.collect(LATER)) == {"a.csv": b"two"}
    assert bench.collect(LATER) == []


def test_late_object_with_an_old_name_is_not_missed(bench: Bench, store: Any) -> None:
    put(store, "parts/2024-05-09.csv", b"nine")
    bench.collect()
    put(store, "parts/2024-05-01.csv", b"one")
    assert landed(bench, bench.collect(LATER)) == {"2024-05-01.csv": b"one"}


def test_object_sent_in_parts_comes_whole(bench: Bench, store: Any) -> None:
    upload = store.create_multipart_upload(Bucket=BUCKET, Key="parts/big.csv")["UploadId"]
    pieces = [b"x" * 5 * 1024**2, b"y" * 1024]
    parts = []
    for number, piece in enumerate(pieces, 1):
        where = {"Bucket": BUCKET, "Key": "parts/big.csv", "UploadId": upload, "PartNumber": number}
        parts.append({"PartNumber": number, "ETag": store.upload_part(**where, Body=piece)["ETag"]})
    store.complete_multipart_upload(
        Bucket=BUCKET, Key="parts/big.csv", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    (delivery,) = bench.collect()
    assert bench.bytes_of(delivery) == b"".join(pieces)
    assert delivery.source["etag"].endswith("-2")
    assert bench.collect(LATER) == []


def test_removed_object_changes_nothing(bench: Bench, store: Any) -> None:
    put(store, "parts/a.csv", b"one")
    bench.collect()
    store.delete_object(Bucket=BUCKET, Key="parts/a.csv")
    assert bench.collect(LATER) == []


def test_more_objects_than_a_listing_shows(bench: Bench, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for number in range(25):
        put(store, f"parts/{number:03d}.csv", b"%d" % number)
    assert sorted(landed(bench, bench.collect())) == [f"{number:03d}.csv" for number in range(25)]


def test_object_written_again_while_it_is_listed_waits(
    bench: Bench, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is landed is the listed version or nothing: never the bytes of one under the tag of another."""
    from orchestration.sources import object_store

    put(store, "parts/a.csv", b"one")
    real = object_store._list

    def listed_then_changed(*arguments: Any) -> Any:
        found = real(*arguments)
        put(store, "parts/a.csv", b"two!")
        return found

    monkeypatch.setattr(object_store, "_list", listed_then_changed)
    assert bench.collect() == []
    monkeypatch.setattr(object_store, "_list", real)
    assert landed(bench, bench.collect(LATER)) == {"a.csv": b"two!"}


def test_short_budget_keeps_what_came_and_goes_on(bench: Bench, store: Any, endpoint: str) -> None:
    set_s3(bench, endpoint, budget_s=10)
    for number in range(5):
        put(store, f"parts/{number}.csv", b"%d" % number)
    bench.time.tick = 3.0
    (one,) = bench.run()
    assert "budget of 10 s is used up" in one.failure
    assert 0 < len(one.deliveries) < 5
    bench.time.tick = 0.0
    rest = bench.collect(LATER)
    names = [two.file_name for two in (*one.deliveries, *rest)]
    assert sorted(names) == [f"{number}.csv" for number in range(5)]


class BreakingStore(BaseHTTPRequestHandler):
    """Three objects of a store that resets or ends the connection in the middle of the second."""

    how = ""  # "reset", "end", or whole

    def do_GET(self) -> None:
        is_listing = "list-type" in self.path
        body = self._listing() if is_listing else self.path.encode() * 20_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"e"')
        self.send_header("Connection", "close")
        self.end_headers()
        is_cut = bool(self.how) and not is_listing and "/b.csv" in self.path
        self.wfile.write(body[: len(body) // 2] if is_cut else body)
        if is_cut and self.how == "reset":
            self.wfile.flush()
            # Closing without lingering sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _listing(self) -> bytes:
        found = "".join(
            f"<Contents><Key>parts/{name}.csv</Key><LastModified>2024-05-0{day}T00:00:00.000Z</LastModified>"
            '<ETag>"e"</ETag><Size>9</Size></Contents>'
            for day, name in enumerate("abc", 1)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def breaking() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BreakingStore)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("how", ["reset", "end"])
def test_object_that_breaks_off_is_named_and_comes_next_time(
    bench: Bench, breaking: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_s3(bench, breaking)
    monkeypatch.setattr(BreakingStore, "how", how)
    (one,) = bench.run()
    assert "s3://drops/parts/: 1 object(s) cannot be read: parts/b.csv (" in one.failure
    assert [two.file_name for two in one.deliveries] == ["a.csv", "c.csv"]
    monkeypatch.setattr(BreakingStore, "how", "")
    assert landed(bench, bench.collect(LATER)) == {"b.csv": b"/drops/parts/b.csv" * 20_000}
    assert bench.collect(LATER) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bucket": "nowhere"}, "s3://nowhere/parts/: cannot be listed: there is no such bucket"),
        ({"secret_key": ""}, "give access_key and secret_key both, or neither"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "cannot be listed: Could not connect"),
        ({"endpoint_url": "nonsense"}, "endpoint_url: Invalid endpoint"),
        ({"bukket": "x"}, "unknown option"),
    ],
)
def test_mistakes_are_named(
    bench: Bench, store: Any, endpoint: str, change: dict[str, Any], words: str
) -> None:
    set_s3(bench, endpoint, **change)
    assert words in bench.failure()
