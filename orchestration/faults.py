"""Named fault points: places where a crash test may stop the process.

A no-op in production. With `VOC_FAULT=<name>[:<nth>]` the process kills itself with SIGKILL at
the nth pass of that point, so that a test can show that a rerun ends where a clean run ends.
`FAULT_POINTS` is the closed list; the crash suite walks it.
"""

from __future__ import annotations

import os
import signal

FAULT_POINTS = (
    "after_land_file",  # delivery file renamed into landing, not yet in the ledger
    "before_raw_rename",  # raw Parquet written under its temporary name
    "after_raw_rename",  # raw Parquet in place, not yet listed
    "before_ledger_commit",  # admission transaction open
    "after_ledger_commit",  # admission committed, caller not yet told
    "mid_score",  # between two score files
    "after_score_commit",  # score file listed
    "after_sightings",  # sightings of one raw file read, state not yet written
    "mid_link",  # identity results written, not yet marked as whole
    "mid_group",  # segment of near-duplicates written, not yet listed
    "after_group_commit",  # groups of near-duplicates committed, their file not yet written
    "after_group_export",  # file of groups written, not yet marked as written
    "before_dbt",  # window fixed, no model built
    "mid_dbt",  # some models built, some not
    "after_dbt",  # all models built, window not yet marked as built
    "before_publish",  # window marked as built, nothing published
    "mid_publish",  # objects written, manifest not yet
    "before_current_swap",  # version complete, pointer not moved
    "after_current_swap",  # pointer moved, ledger not told
)

_passes: dict[str, int] = {}


def fault_point(name: str) -> None:
    """Die here if the environment asks for it; otherwise do nothing."""
    wanted = os.environ.get("VOC_FAULT")
    if not wanted:
        return
    if name not in FAULT_POINTS:
        raise ValueError(f"unknown fault point {name!r}")
    point, _, nth = wanted.partition(":")
    if point != name:
        return
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
