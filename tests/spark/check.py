"""The whole chain on both engines: a sample carmaker, refreshed on DuckDB, built on Spark, held against each other.

`python -m tests.spark.check [SCHEMA …]` (no schema: every model), called by `make spark-check` and
`make spark-check-all`. Needs Spark's environment and Java; too long for the test lane.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sample_oem import generate

DAYS, OWNERS, SEED = 30, 5_000, 7


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, refresh, build, compare; returns the exit code of the first step that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.spark.check", description=__doc__)
    parser.add_argument("schemas", nargs="*", choices=["core", "experience", "finance", "reports", []])
    parser.add_argument("--owners", type=int, default=OWNERS)
    parser.add_argument("--days", type=int, default=DAYS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="voc-spark-") as folder:
        return _check(Path(folder), given.schemas, given.owners, given.days)


def _check(folder: Path, schemas: Sequence[str], owners: int, days: int) -> int:
    from sample_oem.demo import land_all

    os.environ |= {"VOC_HOME": str(folder / "home"), "VOC_KEYS": str(folder / "keys.json")}
    made = generate(folder / "deliveries", folder / "truth", days, seed=SEED, owners=owners)
    print(f"1. Sample carmaker: {owners} owners, {days} days, {made.files} files", flush=True)
    if code := _voc("init-home") or _voc("keys", "init"):
        return code
    land_all(folder / "deliveries")
    print("2. DuckDB", flush=True)
    if code := _voc("refresh"):
        return code
    print("3. Spark", flush=True)
    chosen = [part for schema in schemas for part in ("--select", f"+path:models/{schema}")]
    if code := _voc("spark", "build", *chosen):
        return code
    print("4. Held against each other", flush=True)
    return _voc("spark", "compare", *(part for schema in schemas for part in ("--schema", schema)))


def _voc(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "orchestration.cli", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
