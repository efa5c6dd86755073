"""The texts of a delivered channel as its customers wrote them, for the richness measure and tests.

Reads files with ``reader`` and leaves out, by the account of the truth, what is no text of a customer of
their own: noise, planted copies, agents. Of several versions the first counts.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sample_oem.reader import csv_records, json_records, mail_records, sheet_records

Told = tuple[str, str]  # voice, text


def own_texts(out: Path, truth: Path, channel: str) -> dict[str, str]:
    """Text per voice of a channel; raises ``ValueError`` for a channel without a reader here."""
    if channel not in _TELLERS:
        raise ValueError(f"no reader for the texts of {channel}; known are {', '.join(sorted(_TELLERS))}")
    own = _own_voices(truth, channel)
    texts: dict[str, str] = {}
    for file in sorted((out / channel).iterdir()):
        for voice, text in _TELLERS[channel](file):
            is_own = (
                hashlib.sha256(text.encode(errors="replace")).hexdigest() if channel == "forum" else voice
            ) in own
            if is_own and text:
                texts.setdefault(voice, text)
    return texts


def _own_voices(truth: Path, channel: str) -> set[str]:
    """Voices by the account of the truth, without noise and planted copies (nor damaged records)."""
    with (truth / "voice_truth.csv").open(encoding="utf-8", newline="") as handle:
        return {
            row["voice"]
            for row in csv.DictReader(handle)
            if row["channel"] == channel
            and not row["noise"]
            and row["group_kind"] not in ("exact", "edited", "quoted")
        }


def _table(encoding: str, delimiter: str, voice: str, *texts: str) -> Callable[[Path], Iterator[Told]]:
    def read(file: Path) -> Iterator[Told]:
        (_, header), *records = csv_records(file, encoding, delimiter)
        for _, cells in records:
            if len(cells) == len(header):
                row = dict(zip(header, cells, strict=True))
                yield row[voice], "\n".join(row[t] for t in texts if row[t])

    return read


def _lines(tell: Callable[[dict[str, Any]], Told]) -> Callable[[Path], Iterator[Told]]:
    def read(file: Path) -> Iterator[Told]:
        for _, body in json_records(file):
            if isinstance(body, dict):
                yield tell(body)

    return read


def _chat(file: Path) -> Iterator[Told]:
    """The customer's messages of a session, joined."""
    (_, header), *records = csv_records(file, "gb18030")
    sessions: dict[str, list[str]] = {}
    for _, cells in records:
        if len(cells) == len(header) and cells[2] == "客户":
            sessions.setdefault(cells[0], []).append(cells[4])
    yield from ((voice, "\n".join(parts)) for voice, parts in sessions.items())


def _mails(file: Path) -> Iterator[Told]:
    """What stands above the signature of a mail."""
    for _, mail in mail_records(file):
        body = str(mail["body_own"] or "")
        if not body.startswith("<"):
            yield str(mail["message_id"]), body.partition("\n--\n")[0].strip()


def _notes(file: Path) -> Iterator[Told]:
    (_, header), *records = sheet_records(file, "笔记")
    place = header.index("笔记内容")
    yield from ((cells[0], cells[place]) for _, cells in records)


_TELLERS: dict[str, Callable[[Path], Iterator[Told]]] = {
    "complaint_site": _table("utf-8", ",", "投诉编号", "投诉简述"),
    "forum": _table("utf-8", ",", "text", "text"),
    "media_comments": _table("utf-8", ",", "content_id", "content"),
    "online_chat": _chat,
    "customer_mail": _mails,
    "owner_app": _lines(lambda b: (str(b.get("id")), str(b.get("content") or b.get("comment") or ""))),
    "social_media": _lines(lambda b: (f"{b.get('platform')}/{b.get('post_id')}", str(b.get("text") or ""))),
    # The first floors only: replies are texts of another kind.
    "forum_threads": _lines(lambda b: (str(b.get("pid")), str(b["content"]) if b.get("floor") == 1 else "")),
    "news": _lines(lambda b: (str(b.get("id")), str(b.get("body") or ""))),
    "private_group": _lines(lambda b: (str(b.get("msgid")), str(b.get("text") or ""))),
    "review_site": _table("utf-8", "\t", "口碑编号", "最满意", "最不满意", "口碑正文"),
    "interview": _lines(
        lambda b: (
            str(b.get("interview_no")),
            "\n".join(t["text"] for t in b.get("turns") or [] if t["speaker"] == "受访者"),
        )
    ),
    "order_message": _table("utf-8", ";", "留言编号", "留言内容"),
    "dealer_note": _notes,
}
