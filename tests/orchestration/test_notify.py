"""Notices reach file and webhook; a dead webhook is noted and fails nothing."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from orchestration.notify import Notice, notify
from orchestration.settings import Settings

NOTICE = Notice("channel_stale", "survey", "no delivery for 50 hours", "2026-03-31")


def _settings(home: Path, webhook: str = "") -> Settings:
    settings = Settings.load({"VOC_HOME": str(home)})
    return Settings(**{**settings.__dict__, "notify": {"file": "notices.jsonl", "webhook": webhook}})


def _lines(home: Path) -> list[dict]:
    return [json.loads(line) for line in (home / "notices.jsonl").read_text(encoding="utf-8").splitlines()]


def test_notice_is_written_to_the_file(tmp_path: Path):
    notify(_settings(tmp_path), [NOTICE])
    (line,) = _lines(tmp_path)
    assert (line["kind"], line["subject"], line["as_of"]) == ("channel_stale", "survey", "2026-03-31")


def test_notice_is_posted_to_the_webhook(tmp_path: Path):
    received: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request, daemon=True)
    thread.start()
    notify(_settings(tmp_path, f"http://127.0.0.1:{server.server_port}/hook"), [NOTICE])
    thread.join(10)
    server.server_close()
    assert received[0]["notices"][0]["subject"] == "survey"


def test_dead_webhook_is_noted_and_does_not_raise(tmp_path: Path):
    notify(_settings(tmp_path, "http://127.0.0.1:9/none"), [NOTICE])
    assert _lines(tmp_path)[-1]["kind"] == "webhook_failed"


def test_nothing_to_say_writes_nothing(tmp_path: Path):
    notify(_settings(tmp_path), [])
    assert not (tmp_path / "notices.jsonl").exists()
