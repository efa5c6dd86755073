"""What each step of a refresh does, in path order, as plain functions.

The Dagster assets in `defs/` and the tests call these; they hold no order of their own (that is the
asset graph) and no logic of the rooms they call. Every step is repeatable after a kill.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.admission.admit import AdmissionReport, admit_pending
from orchestration.admission.ledger import Ledger
from orchestration.notify import Notice, notify
from orchestration.partitions import day_end
from orchestration.progress import step
from orchestration.scoring import ScoreReport, score_pending
from orchestration.settings import Settings
from orchestration.warehouse.control import BuildWindow, close_window, open_window
from orchestration.warehouse.dbt_runner import BuildResult, run_build


class GateFailedError(Exception):
    """A blocking check failed; nothing is published and yesterday's version stays."""


@dataclass(frozen=True)
class WaitingWork:
    """What a refresh for `as_of` would find to do."""

    as_of: date | None
    deliveries: int

    @property
    def is_nothing(self) -> bool:
        """True if no delivery waits and everything admitted is built and published."""
        return self.deliveries == 0


@contextlib.contextmanager
def open_ledger(settings: Settings) -> Iterator[Ledger]:
    """Open the operations ledger and close it again."""
    ledger = Ledger.open(settings)
    try:
        yield ledger
    finally:
        ledger.close()
