"""Progress and timings of long work.

On a terminal a live line shows the running step; otherwise one plain line per step. With
`VOC_TIMINGS=<file>` each step appends `{"step", "cpu_s", "wall_s", "rows", "peak_mb"}` as a JSON line
(CPU of this process and of its finished children; the most memory this process ever held).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

console = Console(stderr=True, highlight=False)


@dataclass
class StepRecord:
    """What a step reports of itself: rows handled and a few words for people."""

    rows: int = 0
    note: str = ""


@contextmanager
def step(name: str, label: str) -> Iterator[StepRecord]:
    """Show and time one step; the body fills in `rows` and `note`."""
    record = StepRecord()
    wall, cpu = time.monotonic(), _cpu_seconds()
    if sys.stderr.isatty():
        with console.status(label):
            yield record
    else:
        yield record
    wall, cpu = time.monotonic() - wall, _cpu_seconds() - cpu
    console.print(f"  {label:<34} {record.note or f'{record.rows} rows':<40} {wall:6.1f} s", soft_wrap=True)
    _write_timing(name, cpu, wall, record.rows)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _write_timing(name: str, cpu_s: float, wall_s: float, rows: int) -> None:
    target = os.environ.get("VOC_TIMINGS")
    if not target:
        return
    line = {
        "step": name,
        "cpu_s": round(cpu_s, 4),
        "wall_s": round(wall_s, 4),
        "rows": rows,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    with Path(target).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
