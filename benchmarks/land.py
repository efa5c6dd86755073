"""Land the deliveries a folder lists (the collect stage), in one process.

    python -m benchmarks.land FOLDER

`voc deliver` does the same file by file; one process per file would time the interpreter instead.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from benchmarks.deliveries import read_listed
from orchestration.admission.ledger import Ledger
from orchestration.settings import Settings
from orchestration.sources.landing import deliver


def land_all(folder: Path) -> int:
    """Deliver every listed file with its time of receipt; return how many."""
    settings = Settings.load()
    deliveries = read_listed(folder)
    with Ledger.open(settings) as ledger:
        for delivery in deliveries:
            received_at = datetime.fromisoformat(delivery.received_at)
            deliver(settings, ledger, delivery.channel, [Path(delivery.path)], received_at)
    return len(deliveries)


if __name__ == "__main__":
    print(land_all(Path(sys.argv[1])))
