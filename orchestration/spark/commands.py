"""`voc spark`: build the tables of this home on Apache Spark, and hold them against DuckDB's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.settings import ConfigError, Settings
from orchestration.spark.builds import PUBLISHED, current_build

EXIT_FAILED = 4
EXIT_BAD_CONFIG = 65
LEAST_JAVA = 17


@click.group("spark", help="The same models on Apache Spark, when one machine is outgrown.")
def spark_group() -> None:
    """Group of commands."""


@spark_group.command("build")
@click.option("--select", multiple=True, help="dbt selection, such as +path:models/core (repeatable).")
def build_command(select: tuple[str, ...]) -> None:
    """Write all tables anew on Spark, from the raw zone, as of the last local build."""
    settings = Settings.load()
    python = spark_python(settings)
    check_java()
    window = _export(settings)
    command = [
        str(python),
        "-m",
        "orchestration.spark.build",
        str(window),
        "--root",
        str(_root(settings)),
    ]
    command += [part for one in select for part in ("--select", one)]
    environment = os.environ | {"PYSPARK_PYTHON": str(python), "PYTHONPATH": str(settings.project_root)}
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


@spark_group.command("compare")
@click.option("--schema", "schemas", multiple=True, help="Only tables of this schema (repeatable).")
def compare_command(schemas: tuple[str, ...]) -> None:
    """Hold every published table of Spark against DuckDB's, in both directions."""
    from orchestration.spark.compare import compare, unequal

    settings = Settings.load()
    build = current_build(_root(settings))
    if build is None:
        click.echo(f"Error: {_root(settings)}: nothing was built on Spark; run `voc spark build`", err=True)
        sys.exit(EXIT_BAD_CONFIG)
    try:
        rows = compare(settings.warehouse_path, build, schemas or PUBLISHED)
    except duckdb.Error as error:
        click.echo(f"Error: {error}; build it with `voc refresh`, or wait for the one that runs", err=True)
        sys.exit(EXIT_BAD_CONFIG)
    table = Table("table", "rows", "only DuckDB", "only Spark", "", box=None)
    for row in rows:
        verdict = "equal" if row.is_equal else row.problem or "differs"
        table.add_row(row.table, str(row.rows), str(row.only_duckdb), str(row.only_spark), verdict)
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    differing = unequal(rows)
    click.echo(f"{len(rows) - len(differing)} of {len(rows)} tables equal in both directions")
    sys.exit(EXIT_FAILED if differing or not rows else 0)


def spark_python(settings: Settings) -> Path:
    """Return the interpreter of Spark's environment.

    Raises:
        ConfigError: there is none; says how to make it.

    """
    named = os.environ.get("VOC_SPARK_PYTHON")
    path = Path(named) if named else settings.project_root / ".venv-spark" / "bin" / "python"
    if not path.is_file():
        raise ConfigError(
            f"{path}: no environment for Spark; make it with `make spark-setup`, or set VOC_SPARK_PYTHON"
        )
    return path


def check_java() -> int:
    """Return the major version of Java.

    Raises:
        ConfigError: none on the path (nor by JAVA_HOME), or older than 17.

    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not Path(java).is_file():
        raise ConfigError(f"Apache Spark needs Java >= {LEAST_JAVA}; none was found on PATH or by JAVA_HOME")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    version = int(found[1]) if found else 0
    if version < LEAST_JAVA:
        raise ConfigError(f"{java} is Java {version or 'unknown'}; Apache Spark needs Java >= {LEAST_JAVA}")
    return version


def _root(settings: Settings) -> Path:
    named = os.environ.get("VOC_SPARK_WAREHOUSE")
    return Path(named) if named else settings.home / "spark"


def _export(settings: Settings) -> Path:
    from orchestration.admission.ledger import Ledger
    from orchestration.scoring import scorer_version
    from orchestration.spark.window import export_window
    from orchestration.warehouse.connection import WarehouseError
    from orchestration.warehouse.state import current_window

    version = scorer_version()
    try:
        with Ledger.open(settings) as ledger:
            as_of = current_window(settings, scorer_version=version).as_of
            export = export_window(
                settings, ledger, as_of, settings.home / "spark" / "window", scorer_version=version
            )
    except WarehouseError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_BAD_CONFIG)
    click.echo(
        f"  window of {export.as_of}: {export.delivery_count} deliveries, {export.raw_file_count} raw files"
    )
    return export.path
