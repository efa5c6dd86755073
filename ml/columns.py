"""Columns of unequal length: helpers for work on a whole batch at once.

Here: laying out the rows of many owners behind each other, and the first row of each group. What the rows
mean is known next door (`ml.reading`, `ml.aspects`, `ml.urgency`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Row = tuple[int, ...]


def spread(numbers: Ints, rows_of: Sequence[Sequence[Row]], width: int) -> tuple[Ints, Ints]:
    """Lay out `rows_of[number]` for each number; return the position of the number, and the columns."""
    sizes = np.fromiter(map(len, rows_of), np.int64, len(rows_of))
    values = chain.from_iterable(chain.from_iterable(rows_of))
    flat = np.fromiter(values, np.int64, int(sizes.sum()) * width).reshape(-1, width)
    owners, steps = steps_of(sizes[numbers])
    begins = (np.cumsum(sizes) - sizes)[numbers]
    return owners, flat[begins[owners] + steps].T


def steps_of(counts: Ints) -> tuple[Ints, Ints]:
    """Return for each row its owner and its place within the owner, given the rows of each owner."""
    owners = np.repeat(np.arange(len(counts)), counts)
    return owners, np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners]


def firsts_of(sorted_keys: NDArray[Any]) -> Ints:
    """Return where each run of equal keys begins."""
    if not len(sorted_keys):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], sorted_keys[1:] != sorted_keys[:-1])))
