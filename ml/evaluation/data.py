"""Labelled CSV files for the evaluation command: reading, checking, mapping label names.

Here: everything that can be wrong with a user's file, said in one sentence. Predictions are in
`ml.evaluation.tasks`, figures in `ml.evaluation.metrics`.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

USAGE_ERROR = 2
INPUT_ERROR = 3
_ENCODINGS = ("utf-8-sig", "gb18030")


class EvaluationError(Exception):
    """The evaluation cannot run; `exit_code` is 2 for wrong usage, 3 for bad input."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows of a labelled file: text, label, aspect label ('' without an aspect column)."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    aspects: tuple[str, ...]
    rows_without_label: int


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return (header, rows) of a CSV in UTF-8 (with or without BOM) or GB18030; `.tsv` is split at tabs."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error.strerror}); check the path", USAGE_ERROR
        ) from error
    text = _decode(path, data)
    if not text.strip():
        raise EvaluationError(f"{path}: is empty; expected a header line and rows", INPUT_ERROR)
    # A field may hold a whole forum thread.
    csv.field_size_limit(sys.maxsize)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise EvaluationError(f"{path}: is not a well-formed CSV ({error})", INPUT_ERROR) from error
    lines = [line for line in lines if line]
    header, rows = [name.strip() for name in lines[0]], lines[1:]
    if not rows:
        raise EvaluationError(f"{path}: has a header but no rows", INPUT_ERROR)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise EvaluationError(
                f"{path}, record {number}: {len(row)} fields where the header has {len(header)}; "
                "put fields that hold a comma in double quotes",
                INPUT_ERROR,
            )
    return header, rows


def _decode(path: Path, data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise EvaluationError(f"{path}: is neither UTF-8 nor GB18030; convert it to UTF-8", INPUT_ERROR)


def read_labelled(path: Path, text_column: str, label_column: str, aspect_column: str | None) -> Labelled:
    """Return the rows that carry a label; rows with an empty label are counted and left out."""
    header, rows = read_table(path)
    places = {}
    for option, name in (
        ("--text-column", text_column),
        ("--label-column", label_column),
        ("--aspect-column", aspect_column),
    ):
        if name is None:
            continue
        if name not in header:
            raise EvaluationError(
                f"{path}: has no column {name!r} ({option}); it has: {', '.join(header)}", USAGE_ERROR
            )
        places[option] = header.index(name)
    kept = [row for row in rows if row[places["--label-column"]].strip()]
    if not kept:
        raise EvaluationError(f"{path}: column {label_column!r} is empty in every row", INPUT_ERROR)
    aspect_place = places.get("--aspect-column")
    return Labelled(
        tuple(row[places["--text-column"]] for row in kept),
        tuple(row[places["--label-column"]].strip() for row in kept),
        tuple("" if aspect_place is None else row[aspect_place].strip() for row in kept),
        len(rows) - len(kept),
    )


def read_label_map(path: Path | None, file_labels: Iterable[str]) -> dict[str, str]:
    """Return file label → our label from a CSV with columns `from,to`.

    `from` holds the labels of the file and `to` ours. A map written the other way round is
    recognised by where the labels of the file stand. Unmapped labels keep their name.
    """
    if path is None:
        return {}
    header, rows = read_table(path)
    if header[:2] != ["from", "to"]:
        raise EvaluationError(f"{path}: the columns of a label map are from,to", INPUT_ERROR)
    pairs = [(row[0].strip(), row[1].strip()) for row in rows]
    labels = set(file_labels)
    if labels & {left for left, _ in pairs}:
        return dict(pairs)
    if labels & {right for _, right in pairs}:
        return {right: left for left, right in pairs}
    raise EvaluationError(
        f"{path}: maps none of the labels of the file ({', '.join(sorted(labels)[:8])})", INPUT_ERROR
    )
