"""A plain reader of delivered files, for tests and the richness measure: no contract, no repair.

It shares no code with what writes the files, so that a test through it is an independent look. The
warehouse reads deliveries by its own strict rules.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

_SEPARATOR = re.compile(rb"^From [^\n]*\n", re.MULTILINE)
_QUOTED_SEPARATOR = re.compile(rb"^>(>*From )", re.MULTILINE)


def payload(path: Path) -> bytes:
    """Return the bytes of a delivery, unpacked if it is packed."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(io.BytesIO(data))
        return archive.read(archive.namelist()[0])
    return data


def csv_records(path: Path, encoding: str, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    """Return (physical line, cells) of every CSV record, header first; undecodable bytes stay visible."""
    text = payload(path).removeprefix(b"\xef\xbb\xbf").decode(encoding, errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records, start = [], 1
    for cells in reader:
        records.append((start, cells))
        start = reader.line_num + 1
    return records


def json_records(path: Path) -> list[tuple[int, object]]:
    """Return (line, value) of every JSON line; None where the line is not JSON."""
    records: list[tuple[int, object]] = []
    for number, line in enumerate(payload(path).split(b"\n")[:-1], 1):
        try:
            records.append((number, json.loads(line)))
        except ValueError:
            records.append((number, None))
    return records


def mail_records(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return (place, fields) of every message of a mailbox; what a message lacks is None."""
    parts = _SEPARATOR.split(payload(path))[1:]
    return [(n, _mail(_QUOTED_SEPARATOR.sub(rb"\1", part))) for n, part in enumerate(parts, 1)]


def _mail(raw: bytes) -> dict[str, Any]:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what the default policy makes
    body = message.get_body(("plain", "html"))
    return {
        "message_id": message["Message-ID"],
        "from": message["From"],
        "to": message["To"],
        "date": _date(message["Date"]),
        "subject": message["Subject"],
        "body_own": body.get_content() if body is not None else None,
        "in_reply_to": message["In-Reply-To"],
        "list_unsubscribe": message["List-Unsubscribe"],
    }


def _date(text: str | None) -> str | None:
    """ISO time with offset, the text as it stands where it is no date."""
    try:
        return parsedate_to_datetime(str(text)).isoformat() if text else None
    except ValueError:
        return str(text)


def sheet_records(path: Path, sheet: str) -> list[tuple[int, list[str]]]:
    """Return (row number, cells) of every row of a sheet, header first; moments as ISO text."""
    from openpyxl import load_workbook

    rows = load_workbook(path, read_only=True)[sheet].iter_rows(values_only=True)
    return [(n, ["" if cell is None else str(cell) for cell in row]) for n, row in enumerate(rows, 1)]
