"""Builds the models of an exported window on Spark: `python -m orchestration.spark.build`.

Runs in Spark's environment, in a process of its own (the JVM lives and dies with it). Every build is a
full one as yet: all tables are written anew from the raw zone, into a folder of their own, and readers
are pointed to it when the last one stands. So a build that was killed left nothing anybody reads.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.spark import session
from orchestration.spark.builds import CURRENT_FILE, PUBLISHED, current_build

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
    warehouse = _new_folder(given.root, window["window_key"])
    spark = session.start(warehouse)
    try:
        start = time.monotonic()
        count = session.lay_window(spark, window)
        print(
            f"  {count} relations laid over {_files(window)} files in {time.monotonic() - start:.1f} s",
            flush=True,
        )
        if not _build(spark, window, warehouse, given.select):
            return EXIT_BUILD_FAILED
    finally:
        spark.stop()
    _point_to(given.root, warehouse, window, given.select)
    return 0


def _new_folder(root: Path, window_key: str) -> Path:
    """Return an empty folder for this build; what a killed build of the same window left goes."""
    folder = root / "builds" / window_key
    if current_build(root) == folder:
        folder = root / "builds" / f"{window_key}-again"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _point_to(root: Path, warehouse: Path, window: Mapping[str, Any], select: Sequence[str] = ()) -> None:
    """Make this build the one that is read; older ones go, but the one before."""
    before = current_build(root)
    document = {
        "folder": warehouse.name,
        "as_of": window["as_of"],
        "window_key": window["window_key"],
        "select": list(select),
    }
    temporary = root / f"{CURRENT_FILE}.tmp"
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(root / CURRENT_FILE)
    for folder in (root / "builds").iterdir():
        if folder not in (warehouse, before):
            shutil.rmtree(folder)


def _build(spark: Any, window: Mapping[str, Any], warehouse: Path, select: Sequence[str]) -> bool:
    os.environ |= {
        "VOC_TARGET": "spark",
        "VOC_FEEDBACK_CHANNELS": window["feedback_channels"],
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    from dbt.cli.main import dbtRunner

    selected = [part for one in select for part in ("--select", one)]
    outcome = dbtRunner(callbacks=[_progress()]).invoke(
        [
            *QUIET, "build", "--full-refresh", "--exclude-resource-type", "unit_test", "test", *selected,
            "--project-dir", window["dbt_project"], "--profiles-dir", window["dbt_project"],
            "--target-path", str(warehouse / "dbt"),
            "--log-path", str(warehouse / "dbt"),
        ]
    )  # fmt: skip
    if outcome.exception is not None:
        print(f"Error: dbt: {outcome.exception}", file=sys.stderr)
        return False
    models = [one for one in outcome.result.results if str(one.node.resource_type) in ("model", "seed")]
    good = [one for one in models if str(one.status) == "success"]
    for one in models:
        if str(one.status) not in ("success", "skipped"):
            print(f"{one.node.name}: {one.status}: {one.message}", file=sys.stderr)
    print(f"  {len(good)} of {len(models)} models and seeds built", flush=True)
    if not good or len(good) < len(models):
        return False
    views = [one.node for one in models if one.node.config.materialized == "view"]
    _write_views(spark, [one for one in views if one.schema in PUBLISHED], warehouse)
    return True


def _write_views(spark: Any, views: Sequence[Any], warehouse: Path) -> None:
    """Write the rows of public views beside the tables: a reader of files sees no view."""
    for view in views:
        where = warehouse / f"{view.schema}.db" / view.name
        spark.table(f"{view.schema}.{view.name}").write.mode("overwrite").parquet(str(where))
    print(f"  {len(views)} public views written", flush=True)


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
    parser.add_argument("--root", type=Path, required=True, help="folder of the builds (absolute)")
    parser.add_argument("--select", action="append", default=[], help="dbt selection, repeatable")
    return parser


if __name__ == "__main__":
    sys.exit(main())
