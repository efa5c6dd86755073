"""Maildirs and mbox files: what is new is landed once, whatever a mail program does meanwhile."""

from __future__ import annotations

import errno
import hashlib
import mailbox
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.sources import mail_files
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


@pytest.mark.parametrize("part", ["", "new"])
def test_maildir_that_cannot_be_read_is_named(
    bench: Bench, maildir: mailbox.Maildir, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.add(text(1))
    folder = bench.folder / "mail"
    if os.geteuid():
        (folder / part).chmod(0)
    else:  # root may read everything

        def refused(path: Any) -> Any:
            if Path(path).is_relative_to(folder / part):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path)

        real = os.scandir
        monkeypatch.setattr(os, "scandir", refused)
    assert f"{folder}: cannot be read (Permission denied); check its permissions" in bench.failure()
    (folder / part).chmod(0o700)


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


def test_mbox_nobody_wrote_to_is_not_read_again(
    bench: Bench, mbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(mbox, 1, 2)
    bench.collect()
    with monkeypatch.context() as patched:
        patched.delattr(mail_files, "_start_of_news")  # who reads the file needs it
        assert bench.collect(LATER) == []
    write(mbox, 3, 4)  # of the same size
    assert subjects(bench, bench.collect(LATER)) == ["s3", "s4"]


def test_mbox_is_known_by_the_digest_of_all_of_it(bench: Bench, mbox: Path) -> None:
    for numbers in ((1, 2), (1, 2, 3), (1, 2, 3, 4)):
        write(mbox, *numbers)
        (delivery,) = bench.collect(NOW + timedelta(days=len(numbers)))
        assert delivery.source["bytes"] == mbox.stat().st_size
        assert delivery.source["sha256"] == hashlib.sha256(mbox.read_bytes()).hexdigest()


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
