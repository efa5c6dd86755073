"""Masker throughput on short texts, in a process of its own.

python -m benchmarks.masker COUNT        # prints {"texts", "chars", "cpu_s"} as JSON
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from benchmarks.deliveries import make_owners
from benchmarks.stock import Words


def measure(count: int) -> dict[str, float]:
    """Mask `count` short texts once (imports and first call left out)."""
    from orchestration.admission.masking import mask_text

    texts = Words(np.random.default_rng(5)).texts(count, 1, 3, 0.35, make_owners(2000).phone)
    mask_text(texts[0])
    started = time.process_time()
    masked = sum(bool(mask_text(text).found) for text in texts)
    cpu_s = time.process_time() - started
    return {"texts": count, "chars": sum(map(len, texts)), "masked": masked, "cpu_s": cpu_s}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
