"""Maildirs and mbox files: what is new is landed once, whatever a mail program does meanwhile."""

from __future__ import annotations

import mailbox
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.sources.mbox_format import mbox_entry
from tests.sources.conftest import NOW, Bench

LATER = NOW + timedelta(days=1)


def text(number: int) -> bytes:
    return f"Message-ID: <{number}@x>\nSubject: s{number}\n\nFrom here\n正文{number}\n".encode()


def subjects(bench: Bench, deliveries: list[Any]) -> list[str]:
    found = []
    for one in deliveries:
        path = bench.folder / "back.mbox"
        path.write_bytes(bench.bytes_of(one))
        found += [str(message["Subject"]) for message in mailbox.mbox(path)]
    return found


@pytest.fixture
def maildir(bench: Bench) -> mailbox.Maildir:
    bench.set(kind="maildir", path=str(bench.folder / "mail"))
    return mailbox.Maildir(bench.folder / "mail")


def test_maildir_messages_are_landed_once(bench: Bench, maildir: mailbox.Maildir) -> None:
    key = maildir.add(text(1))
    maildir.add(text(2))
    assert subjects(bench, bench.collect()) == ["s1", "s2"]
    read = maildir[key]
    read.set_subdir("cur")
    read.add_flag("S")
    maildir[key] = read  # moved and flagged by a mail program
    assert bench.collect(LATER) == []
    maildir.add(text(3))
    assert subjects(bench, bench.collect(LATER)) == ["s3"]


def test_folder_that_is_no_maildir_is_named(bench: Bench) -> None:
    bench.set(kind="maildir", path=str(bench.folder / "nothing"))
    assert "is no maildir" in bench.failure()


@pytest.fixture
def mbox(bench: Bench) -> Path:
    bench.time.wall = NOW.timestamp()
    bench.set(kind="mbox", path=str(bench.folder / "box"), stable_s=30)
    return bench.folder / "box"


def write(path: Path, *numbers: int, age_s: float = 60) -> None:
    path.write_bytes(b"".join(mbox_entry(text(number), NOW) for number in numbers))
    moment = NOW.timestamp() - age_s
    os.utime(path, (moment, moment))


def test_mbox_gives_only_what_was_added(bench: Bench, mbox: Path) -> None:
    write(mbox, 1, 2)
    assert subjects(bench, bench.collect()) == ["s1", "s2"]
    assert bench.collect(LATER) == []
    write(mbox, 1, 2, 3)
    assert subjects(bench, bench.collect(LATER)) == ["s3"]
    write(mbox, 2, 3, 4)  # the first was removed by a mail program: all is read again
    assert subjects(bench, bench.collect(LATER)) == ["s2", "s3", "s4"]


def test_mbox_that_still_grows_waits(bench: Bench, mbox: Path) -> None:
    write(mbox, 1, age_s=5)
    assert bench.collect() == []
    bench.time.wall = NOW.timestamp() + 60
    assert subjects(bench, bench.collect(NOW - timedelta(days=9))) == ["s1"]


def test_file_that_is_no_mbox_is_named(bench: Bench, mbox: Path) -> None:
    mbox.write_text("hello\n")
    os.utime(mbox, (1, 1))
    assert "is no mbox" in bench.failure()
    mbox.unlink()
    assert "cannot be read (No such file or directory); check `path`" in bench.failure()


def test_from_lines_inside_are_quoted_and_endings_made_even() -> None:
    assert mbox_entry(b"A: b\r\n\r\nFrom x\r\n>From y", NOW) == (
        b"From MAILER-DAEMON Sat Jun  1 02:30:00 2024\nA: b\n\n>From x\n>>From y\n\n"
    )
