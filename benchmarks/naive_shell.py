"""The naive shell: the same graph wired the way the tutorials do, with trivial bodies.

One asset per channel, score, dbt through its command line with the day in `--vars`, a Great
Expectations check, publish; default multiprocess executor; everything imported at definition level.
The dbt project holds one trivial model per model of the real project, with the same edges, and one
trivial test per data test. It does no work at all: what it costs is what wiring costs.

    python -m benchmarks.naive_shell --folder FOLDER      # generate, then materialise one day
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import child_environment

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_REF = re.compile(r"ref\(\s*['\"]([a-z0-9_]+)['\"]\s*\)")

_DEFINITIONS = '''"""A tutorial-style code location."""

import subprocess

import dagster as dg
import duckdb
import great_expectations as gx
import jieba
import pandas as pd
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets
from sklearn.linear_model import SGDClassifier

CHANNELS = {channels!r}
DAYS = dg.DailyPartitionsDefinition(start_date="2025-01-01")
PROJECT = DbtProject(project_dir={project!r}, profiles_dir={project!r})


def ingest(channel):
    @dg.asset(name="raw_" + channel, partitions_def=DAYS)
    def raw() -> None:
        pd.DataFrame({{"id": [1]}})

    return raw


@dg.asset(partitions_def=DAYS, deps=["raw_" + channel for channel in CHANNELS])
def scores() -> None:
    SGDClassifier()


@dbt_assets(manifest=PROJECT.manifest_path, partitions_def=DAYS)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource):
    day = {{"as_of": context.partition_key}}
    yield from dbt.cli(["build", "--vars", str(day)], context=context).stream()


@dg.asset(partitions_def=DAYS, deps={leaves!r})
def quality() -> None:
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("frame").add_dataframe_asset("frame")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    batch = whole.get_batch({{"dataframe": pd.DataFrame({{"id": [1]}})}})
    for _ in range(10):
        assert batch.validate(gx.expectations.ExpectColumnValuesToNotBeNull(column="id")).success


@dg.asset(partitions_def=DAYS, deps=[quality])
def publish() -> None:
    duckdb.connect().close()


defs = dg.Definitions(
    assets=[*map(ingest, CHANNELS), scores, models, quality, publish],
    resources={{"dbt": DbtCliResource(project_dir=PROJECT, profiles_dir={project!r})}},
    jobs=[dg.define_asset_job("daily", partitions_def=DAYS)],
)
'''


@dataclass(frozen=True)
class Graph:
    """What has to be imitated: channels, models with what each reads, number of data tests."""

    channels: tuple[str, ...]
    models: Mapping[str, tuple[str, ...]]
    tests: int = 0
    leaves: tuple[str, ...] = field(default=())


def real_graph(root: Path = PROJECT_ROOT, manifest: Path | None = None) -> Graph:
    """Return the graph of the real project, from its manifest if there is one, else from its files."""
    from orchestration.settings import Settings

    channels = tuple(Settings.load({}).channels)
    if manifest is not None and manifest.is_file():
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
        models = {
            node["name"]: tuple(sorted(r["name"] for r in node.get("refs", ())))
            for node in nodes
            if node["resource_type"] in ("model", "seed", "snapshot")
        }
        tests = sum(node["resource_type"] == "test" for node in nodes)
    else:
        models = _models_of_files(root / "dbt_project" / "models")
        tests = 0
    models = {name: tuple(r for r in refs if r in models and r != name) for name, refs in models.items()}
    read = {ref for refs in models.values() for ref in refs}
    return Graph(channels, models, tests, tuple(sorted(set(models) - read)))


def _models_of_files(folder: Path) -> dict[str, tuple[str, ...]]:
    return {
        path.stem: tuple(sorted(set(_REF.findall(path.read_text(encoding="utf-8")))))
        for path in sorted(folder.rglob("*.sql"))
    }


def generate(folder: Path, graph: Graph) -> Path:
    """Write the dbt project and the code location into `folder`; return the code location's file."""
    project = folder / "shell_dbt"
    (project / "models").mkdir(parents=True, exist_ok=True)
    (project / "dbt_project.yml").write_text(
        "name: shell\nversion: '1.0'\nprofile: shell\nflags: {send_anonymous_usage_stats: false}\n"
        "models: {shell: {+materialized: table}}\n"
    )
    (project / "profiles.yml").write_text(
        "shell: {target: dev, outputs: {dev: {type: duckdb, threads: 2, "
        f"path: {folder / 'shell.duckdb'}}}}}}}\n"
    )
    for name, refs in graph.models.items():
        body = (
            " union all ".join(f"select id from {{{{ ref('{ref}') }}}}" for ref in refs) or "select 1 as id"
        )
        (project / "models" / f"{name}.sql").write_text(
            f'select min(id) as id, \'{{{{ var("as_of", "") }}}}\' as as_of from ({body})\n'
        )
    (project / "models" / "schema.yml").write_text(json.dumps({"version": 2, "models": _tests(graph)}))
    location = folder / "shell_definitions.py"
    location.write_text(
        _DEFINITIONS.format(channels=list(graph.channels), project=str(project), leaves=list(graph.leaves))
    )
    return location


def prepare(folder: Path) -> None:
    """Parse the shell's dbt project once, as its user would when building the image (not measured)."""
    dbt = str(Path(sys.executable).parent / "dbt")
    project = folder / "shell_dbt"
    done = subprocess.run(
        [dbt, "parse", "--quiet", "--profiles-dir", str(project), "--project-dir", str(project)],
        cwd=project, env=child_environment({}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(
            f"dbt could not parse the generated shell in {project}:\n"
            f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )


def _tests(graph: Graph) -> list[dict[str, object]]:
    """Return `graph.tests` trivial tests spread evenly over the models."""
    names = list(graph.models)
    share = {name: len(range(place, graph.tests, len(names))) for place, name in enumerate(names)}
    return [
        {
            "name": name,
            "columns": [
                {"name": "id", "data_tests": [{"not_null": {"name": f"t_{name}_{n}"}} for n in range(count)]}
            ],
        }
        for name, count in share.items()
        if count
    ]


def command(location: Path, day: str) -> list[str]:
    """Return the command that materialises one day with the default executor."""
    return [
        sys.executable, "-m", "dagster", "job", "execute", "-f", str(location), "-j", "daily",
        "--tags", json.dumps({"dagster/partition": day}),
    ]  # fmt: skip


def instance_environment(folder: Path) -> dict[str, str]:
    """Return the variables of the shell's own Dagster instance (made here)."""
    instance = folder / "instance"
    instance.mkdir(parents=True, exist_ok=True)
    (instance / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return {"DAGSTER_HOME": str(instance)}


def main() -> None:
    """Generate the shell and run one day."""
    parser = argparse.ArgumentParser(description="The naive shell of the same graph, with trivial bodies.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument(
        "--manifest", type=Path, default=PROJECT_ROOT / "dbt_project" / "target" / "manifest.json"
    )
    parser.add_argument("--day", default="2025-06-01")
    options = parser.parse_args()
    folder = options.folder.resolve()
    location = generate(folder, real_graph(manifest=options.manifest))
    prepare(folder)
    env = child_environment(instance_environment(folder))
    raise SystemExit(subprocess.call(command(location, options.day), env=env, cwd=folder))


if __name__ == "__main__":
    main()
