"""Mailboxes: a real IMAP server (pymap), read without a trace; every message once, as it was sent."""

from __future__ import annotations

import imaplib
import mailbox
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from orchestration.sources import imap as imap_module
from orchestration.sources.imap import modified_utf7
from tests.sources.conftest import NOW, Bench

LATER = NOW + timedelta(days=1)
FOLDER = "客户来信"
# pymap's own password hash takes most of a second per login.
START = """
from pysasl.hashing import BuiltinHash
BuiltinHash.__init__.__kwdefaults__["rounds"] = 1
from pymap.main import main
main()
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    pytest.importorskip("pymap", reason="pymap is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    command = [sys.executable, "-c", START, "--host", "127.0.0.1", "--port", str(number), "--no-tls"]
    server = subprocess.Popen(
        [*command, "dict", "--demo-user", "voc", "--demo-password", "s: #ecret"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(400):
        with suppress(OSError), socket.create_connection(("127.0.0.1", number), 0.2):
            break
        time.sleep(0.02)
    yield number
    server.terminate()
    server.wait(10)


@pytest.fixture
def box(port: int, bench: Bench) -> Iterator[imaplib.IMAP4]:
    """A fresh folder on the server, and the channel set to read it."""
    client = imaplib.IMAP4("127.0.0.1", port)
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.login("voc", "s: #ecret")
    name = modified_utf7(FOLDER)
    client.delete(name)
    client.create(name)
    set_imap(bench, port)
    yield client
    client.logout()


def set_imap(bench: Bench, server_port: int, **more: Any) -> None:
    source = {"kind": "imap", "host": "127.0.0.1", "port": server_port, "tls": "none", "user": "voc"}
    bench.set(**source | {"password": "s: #ecret", "folder": FOLDER, "attempts": 3} | more)


def message(number: int, text: str = "") -> EmailMessage:
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = (
        "车主 <a@example.com>",
        "care@oem.example",
        f"第{number}封：方向盘异响",
    )
    one["Message-ID"], one["Date"] = f"<{number}@example.com>", "Wed, 01 May 2024 10:00:00 +0800"
    one.set_content(text or f"第{number}封\nFrom 上海\n>From 引用\n")
    return one


def send(client: imaplib.IMAP4, *numbers: int) -> None:
    for number in numbers:
        when = imaplib.Time2Internaldate(datetime(2024, 5, 1, 2, number % 60, tzinfo=UTC))
        client.append(modified_utf7(FOLDER), "", when, message(number).as_bytes().replace(b"\n", b"\r\n"))


def read_back(bench: Bench, deliveries: list[Any], folder: Path) -> list[bytes]:
    """Messages of landed mboxes, with mboxrd quoting undone."""
    found = []
    for number, one in enumerate(deliveries):
        path = folder / f"{number}.mbox"
        path.write_bytes(bench.bytes_of(one))
        box = mailbox.mbox(path)
        found += [re.sub(rb"(?m)^>(>*From )", rb"\1", box.get_bytes(key)) for key in box.iterkeys()]
    return found


def sent(*numbers: int) -> list[bytes]:
    return [message(number).as_bytes() for number in numbers]


def test_new_messages_are_landed_once_as_sent(bench: Bench, box: imaplib.IMAP4, tmp_path: Path) -> None:
    assert bench.collect() == []
    send(box, 1, 2, 3)
    (delivery,) = bench.collect()
    assert read_back(bench, [delivery], tmp_path) == sent(1, 2, 3)
    assert bench.bytes_of(delivery).startswith(b"From MAILER-DAEMON Wed May  1 02:01:00 2024\n")
    assert bench.collect(LATER) == []
    send(box, 4)
    assert read_back(bench, bench.collect(LATER), tmp_path) == sent(4)


def test_nothing_is_marked_as_read(bench: Bench, box: imaplib.IMAP4) -> None:
    send(box, 1)
    bench.collect()
    box.select(modified_utf7(FOLDER), readonly=True)
    assert box.search(None, "UNSEEN")[1][0].split() == [b"1"]
    box.close()


def test_renumbered_folder_is_read_again(bench: Bench, box: imaplib.IMAP4, tmp_path: Path) -> None:
    send(box, 1, 2)
    bench.collect()
    box.delete(modified_utf7(FOLDER))
    box.create(modified_utf7(FOLDER))
    send(box, 2, 5)
    assert read_back(bench, bench.collect(LATER), tmp_path) == sent(2, 5)
    assert any("numbered its messages anew" in line for line in bench.lines)


def test_deleted_message_is_no_hole(bench: Bench, box: imaplib.IMAP4, tmp_path: Path) -> None:
    send(box, 1, 2, 3)
    box.select(modified_utf7(FOLDER))
    box.store("2", "+FLAGS", r"(\Deleted)")
    box.expunge()
    box.close()
    assert read_back(bench, bench.collect(), tmp_path) == sent(1, 3)


def test_broken_connections_lose_and_double_nothing(
    bench: Bench, box: imaplib.IMAP4, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_module, "BATCH", 3)
    numbers = list(range(1, 21))
    send(box, *numbers)
    real, calls = imap_module._fetch, []

    def flaky(client: imaplib.IMAP4, uids: Any) -> Any:
        calls.append(uids)
        if len(calls) in (2, 4, 7):
            client.sock.shutdown(socket.SHUT_RDWR)
        return real(client, uids)

    monkeypatch.setattr(imap_module, "_fetch", flaky)
    deliveries = [
        one
        for n in range(4)
        for found in [bench.run(NOW + timedelta(hours=n))]
        for one in found[0].deliveries
    ]
    assert read_back(bench, deliveries, tmp_path) == sent(*numbers)
    assert len(bench.time.slept) == 2
    assert len(deliveries) == 1


def test_message_held_back_by_the_server_is_not_skipped(
    bench: Bench, box: imaplib.IMAP4, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(box, 1, 2)
    real = imap_module._fetch
    monkeypatch.setattr(
        imap_module, "_fetch", lambda client, uids: dict(list(real(client, uids).items())[:1])
    )
    assert "holds back message(s) with UID" in bench.failure()
    monkeypatch.setattr(imap_module, "_fetch", real)
    assert read_back(bench, bench.collect(LATER), tmp_path) == sent(1, 2)


def test_short_budget_lands_what_came(
    bench: Bench, box: imaplib.IMAP4, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_module, "BATCH", 2)
    send(box, 1, 2, 3, 4, 5)
    bench.time.tick = 1_000.0
    found = [bench.collect(NOW + timedelta(hours=n)) for n in range(3)]
    assert [read_back(bench, one, tmp_path) for one in found] == [sent(1, 2), sent(3, 4), sent(5)]
    assert any("messages wait" in line for line in bench.lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "login refused; check `user`, `password` and `tls`"),
        ({"folder": "无此"}, "there is no such folder"),
        ({"password": ""}, "password: is missing or empty"),
        ({"port": 9}, "imap://127.0.0.1:9/客户来信: "),
        ({"tls": "maybe"}, "tls: is 'maybe'; allowed: tls, starttls, none"),
    ],
)
def test_mistakes_are_named(
    bench: Bench, box: imaplib.IMAP4, port: int, change: dict[str, Any], words: str
) -> None:
    set_imap(bench, port, **change)
    failure = bench.failure()
    assert words in failure
    assert "s: #ecret" not in failure


def test_folder_names_are_written_as_imap_wants_them() -> None:
    assert modified_utf7("客户来信") == "&W6JiN2dlT+E-"
    assert modified_utf7("R&D/INBOX") == "R&-D/INBOX"
