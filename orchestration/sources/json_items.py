"""Records out of a JSON answer, byte for byte as the source wrote them.

Parsing and writing anew would change numbers (`1.10`, sixteen digits and more) and hide doubled keys;
admission must judge what was sent. So the items of the list are cut out of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_LINE_BREAKS = str.maketrans({"\n": " ", "\r": " "})  # between tokens only: strings cannot hold them


class NoListError(ValueError):
    """An answer without the list it should hold; says what stands there instead."""


def steps_of(path: str) -> tuple[str, ...]:
    """Split `data.items` into its steps; an empty path is the answer itself."""
    return tuple(one for one in path.split(".") if one)


def value_at(document: Any, steps: Sequence[str]) -> Any:
    """Return the value at a path, None where the path ends early."""
    for one in steps:
        if not isinstance(document, Mapping) or one not in document:
            return None
        document = document[one]
    return document


def cut_items(text: str, steps: Sequence[str]) -> list[tuple[bytes, Any]]:
    """Return (text as one line, parsed value) of each item of the list at a path.

    Raises:
        NoListError: there is no list at the path.
        ValueError: the text is not JSON.

    """
    decoder = json.JSONDecoder()
    start = _find(text, _skip(text, 0), list(steps), decoder)
    if text[start : start + 1] != "[":
        raise NoListError(f"there is no list at {'.'.join(steps) or 'the top'}")
    found, at = [], _skip(text, start + 1)
    while text[at : at + 1] != "]":
        value, end = decoder.raw_decode(text, at)
        found.append((text[at:end].translate(_LINE_BREAKS).encode(), value))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    return found


def _find(text: str, at: int, steps: list[str], decoder: json.JSONDecoder) -> int:
    """Return where the value at the path starts."""
    for done, wanted in enumerate(steps):
        if text[at : at + 1] != "{":
            raise NoListError(f"there is nothing at {'.'.join(steps[: done + 1])}")
        at = _skip(text, at + 1)
        while True:
            if text[at : at + 1] != '"':
                raise NoListError(f"there is nothing at {'.'.join(steps[: done + 1])}")
            key, at = scanstring(text, at + 1)
            at = _skip(text, _skip(text, at) + 1)  # the colon
            if key == wanted:
                break
            _, at = decoder.raw_decode(text, at)
            at = _skip(text, at)
            at = _skip(text, at + 1) if text[at : at + 1] == "," else at
    return at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
