"""Builds the models of an exported window on Spark: `python -m orchestration.spark.build`.

Runs in Spark's environment, in a process of its own (the JVM lives and dies with it). Every build is a
full one as yet: the tables of the warehouse folder are written anew from the raw zone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.spark import session

EXIT_BUILD_FAILED = 4
EXIT_BAD_INPUT = 65
QUIET = ("--quiet", "--no-use-colors", "--no-write-json", "--log-level", "none", "--log-level-file", "none")


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay the window, run dbt, say what was built; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        window = json.loads(given.window.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(
            f"Error: {given.window}: no window export ({error}); write one with `voc spark build`",
            file=sys.stderr,
        )
        return EXIT_BAD_INPUT
    spark = session.start(given.warehouse)
    try:
        start = time.monotonic()
        count = session.lay_window(spark, window)
        print(
            f"  {count} relations laid over {_files(window)} files in {time.monotonic() - start:.1f} s",
            flush=True,
        )
        return _build(window, given)
    finally:
        spark.stop()


def _build(window: Mapping[str, Any], given: argparse.Namespace) -> int:
    os.environ |= {
        "VOC_TARGET": "spark",
        "VOC_FEEDBACK_CHANNELS": window["feedback_channels"],
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    from dbt.cli.main import dbtRunner

    selected = [part for one in given.select for part in ("--select", one)]
    outcome = dbtRunner(callbacks=[_progress()]).invoke(
        [
            *QUIET, "build", "--full-refresh", "--exclude-resource-type", "unit_test", "test", *selected,
            "--project-dir", window["dbt_project"], "--profiles-dir", window["dbt_project"],
            "--target-path", str(given.warehouse.parent / "target"),
            "--log-path", str(given.warehouse.parent / "logs"),
        ]
    )  # fmt: skip
    if outcome.exception is not None:
        print(f"Error: dbt: {outcome.exception}", file=sys.stderr)
        return EXIT_BUILD_FAILED
    models = [one for one in outcome.result.results if str(one.node.resource_type) in ("model", "seed")]
    good = [one for one in models if str(one.status) == "success"]
    for one in models:
        if str(one.status) not in ("success", "skipped"):
            print(f"{one.node.name}: {one.status}: {one.message}", file=sys.stderr)
    print(f"  {len(good)} of {len(models)} models and seeds built", flush=True)
    return 0 if len(good) == len(models) else EXIT_BUILD_FAILED


def _progress(every: int = 25) -> Any:
    """Return a dbt callback that says now and then how far the build is."""
    done = 0

    def count(event: Any) -> None:
        nonlocal done
        if event.info.name in ("LogModelResult", "LogSeedResult"):
            done += 1
            if done % every == 0:
                print(f"  {done} models", flush=True)

    return count


def _files(window: Mapping[str, Any]) -> int:
    return len(window["control"]) + sum(len(one["files"]) for one in window["raw"].values())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration.spark.build", description=__doc__)
    parser.add_argument("window", type=Path, help="window.json of an exported window")
    parser.add_argument("--warehouse", type=Path, required=True, help="folder of the tables (absolute)")
    parser.add_argument("--select", action="append", default=[], help="dbt selection, repeatable")
    return parser


if __name__ == "__main__":
    sys.exit(main())
