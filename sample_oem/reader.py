"""A plain reader of delivered files, for tests and the richness measure: no contract, no repair.

It shares no code with what writes the files, so that a test through it is an independent look. The
warehouse reads deliveries by its own strict rules.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path


def payload(path: Path) -> bytes:
    """Return the bytes of a delivery, unpacked if it is packed."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(io.BytesIO(data))
        return archive.read(archive.namelist()[0])
    return data


def csv_records(path: Path, encoding: str) -> list[tuple[int, list[str]]]:
    """Return (physical line, cells) of every CSV record, header first; undecodable bytes stay visible."""
    text = payload(path).removeprefix(b"\xef\xbb\xbf").decode(encoding, errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""))
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
