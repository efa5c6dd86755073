"""A REST service on loopback with planted faults: it fails, cuts, repeats and lies on command.

`Faults` draws one fault per request from a seed; `Rest.lie` lets a test write single answers.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


@dataclass
class Faults:
    """Shares of faulty answers among all; the rest is right."""

    seed: int = 0
    server_error: float = 0.0
    busy: float = 0.0
    cut: float = 0.0
    error_body: float = 0.0
    dropped: float = 0.0
    drawn: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self) -> str:
        point = self._random.random()
        for name in ("server_error", "busy", "cut", "error_body", "dropped"):
            point -= getattr(self, name)
            if point < 0:
                break
        else:
            name = "right"
        self.drawn[name] = self.drawn.get(name, 0) + 1
        return name


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Rest:
    """Records and how they are given; `requests` are the queries that came, in order."""

    records: list[dict[str, Any]]
    size: int = 10
    faults: Faults = field(default_factory=Faults)
    since_field: str = ""
    lie: Callable[[dict[str, str], int], Answer | None] | None = None
    token: str = ""
    url: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, str], headers: Any) -> Answer:
        self.requests.append(query)
        if self.token and headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {}, b'{"code": 401}'
        told = self.lie(query, len(self.requests)) if self.lie else None
        if told is not None:
            return told
        fault = self.faults.draw()
        if fault == "server_error":
            return random.Random(len(self.requests)).choice((500, 502, 503, 504)), {}, b"<html>sorry</html>"
        if fault == "busy":
            return 429, {"Retry-After": "7"}, b""
        if fault == "error_body":
            return 200, {}, b'{"code": 50001, "msg": "busy", "data": null}'
        status, more, body = self.page(path, query)
        if fault == "cut":
            if len(self.requests) % 2:
                return status, {"X-Cut": "1"}, body  # Content-Length promises more than comes
            return status, more, body[: len(body) // 2]
        if fault == "dropped":
            return 0, {}, b""
        return status, more, body

    def page(self, path: str, query: dict[str, str]) -> Answer:
        rows = [one for one in self.records if self._is_new(one, query)]
        size = int(query.get("size", self.size))
        if path.endswith("/cursor"):
            start = int(query.get("cursor", "c0")[1:])
            more = start + size < len(rows)
            data = {"items": rows[start : start + size], "next_cursor": f"c{start + size}" if more else None}
            return 200, {}, _json({"code": 0, "data": data})
        if path.endswith("/offset"):
            start = int(query.get("offset", 0))
        else:
            start = (int(query.get("page", 1)) - 1) * size
        return 200, {}, _json({"code": 0, "total": len(rows), "data": {"items": rows[start : start + size]}})

    def _is_new(self, record: dict[str, Any], query: dict[str, str]) -> bool:
        return "since" not in query or str(record[self.since_field]) >= query["since"]


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rest: Rest
    posted: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        query |= {name: str(value) for name, value in self.posted.items()}
        status, headers, body = self.rest.answer(parts.path, query, self.headers)
        if status == 0:
            self.close_connection = True
            return
        if headers.pop("X-Chunked", ""):
            self._in_chunks(body)
            return
        cut, drip = headers.pop("X-Cut", ""), headers.pop("X-Drip", "")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if drip:
            for place in range(len(body)):
                with suppress(OSError):
                    self.wfile.write(body[place : place + 1])
                time.sleep(0.001)
            return
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def _in_chunks(self, body: bytes) -> None:
        """Send half of a body in a chunk and break off without the last one."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        part = body[: len(body) // 2]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.close_connection = True

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.posted = json.loads(sent) if self.headers.get("Content-Type") == "application/json" else {}
        self.do_GET()

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def serve(rest: Rest) -> Iterator[Rest]:
    handler = type("Handler", (_Handler,), {"rest": rest})
    server = _Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    rest.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield rest
    finally:
        server.shutdown()
        server.server_close()
