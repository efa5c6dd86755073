"""The asset graph in words, and the file it is kept in: `python -m tests.pipeline.graph_snapshot`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

SNAPSHOT = Path(__file__).with_name("graph_snapshot.json")


def load_graph() -> Any:
    """Return the definitions of this project as `workspace.yaml` loads them."""
    from orchestration.definitions import defs

    return defs()


def describe(definitions: Any) -> dict[str, Any]:
    """Return assets, checks, jobs, schedules and sensors by name, as plain data."""
    graph = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    return {
        "assets": {_name(key): _asset(graph.get(key)) for key in sorted(graph.get_all_asset_keys())},
        "checks": {
            f"{_name(key.asset_key)}:{key.name}": {"is_blocking": graph.get_check_spec(key).blocking}
            for key in sorted(graph.asset_check_keys)
        },
        "jobs": {
            job.name: {"partitions": str(job.partitions_def), "executor": job.executor_def.name}
            for job in repository.get_all_jobs()
            if not job.name.startswith("__")
        },
        "schedules": {
            one.name: {
                "cron": one.cron_schedule,
                "timezone": one.execution_timezone,
                "status": one.default_status.value,
                "job": one.job_name,
            }
            for one in repository.schedule_defs
        },
        "sensors": {
            one.name: {"kind": one.sensor_type.value, "status": one.default_status.value}
            for one in repository.sensor_defs
        },
    }


def _asset(node: Any) -> dict[str, Any]:
    return {
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": sorted(node.owners),
        "is_made_here": node.is_executable,
        "is_daily": node.partitions_def is not None,
        # The first line: for a model, the code that follows has its own history.
        "description": (node.description or "").strip().split("\n")[0],
        "upstream": sorted(_name(key) for key in node.parent_keys),
    }


def _name(key: Any) -> str:
    return str(key.to_user_string())


def main() -> None:
    """Write the snapshot anew."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VOC_HOME"] = folder
        found = describe(load_graph())
    SNAPSHOT.write_text(
        json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    print(f"{SNAPSHOT}: {len(found['assets'])} assets, {len(found['checks'])} checks")


if __name__ == "__main__":
    main()
