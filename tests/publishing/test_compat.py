"""Older drivers open the published file. Opt-in: needs a Python environment of its own.

VOC_COMPAT=1 pytest -m compat tests/publishing             makes one with pip
VOC_COMPAT_PYTHON=/path/to/python pytest -m compat …       uses one that has duckdb 1.5
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.publishing.sample_warehouse import SampleWarehouse

OLDER = "duckdb==1.5.*"
READ = """
import json, sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    value = lambda sql: connection.execute(sql).fetchone()[0]
    print(json.dumps({
        "engine": duckdb.__version__,
        "rows": value("select count(*) from core.fct_feedback"),
        "money": str(value("select sum(claim_cost_cny) from core.fct_feedback")),
        "texts": value("select count(distinct verbatim) from core.fct_feedback"),
        "version": value("select version_id from reports.rpt_published_version"),
        "comment": value("select comment from duckdb_columns() where column_name = 'verbatim'"),
    }))
"""


@pytest.fixture(scope="module")
def older_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    given = os.environ.get("VOC_COMPAT_PYTHON")
    if given:
        return given
    if not os.environ.get("VOC_COMPAT"):
        pytest.skip("set VOC_COMPAT=1 (makes an environment) or VOC_COMPAT_PYTHON (uses one)")
    folder = tmp_path_factory.mktemp("older")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", OLDER], check=True)
    return str(folder / "bin/python")


@pytest.mark.compat
def test_an_older_duckdb_reads_the_published_file(
    older_python: str, warehouse: SampleWarehouse, tmp_path: Path
) -> None:
    warehouse.build(days=40)
    version = warehouse.publish()["voice"]
    script = tmp_path / "read.py"
    script.write_text(READ, encoding="utf-8")
    done = subprocess.run(
        [older_python, str(script), str(version.database)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("engine").startswith("1.5")
    assert found == {
        "rows": 800,
        "money": str(warehouse.value("select sum(claim_cost_cny) from core.fct_feedback")),
        "texts": 800,
        "version": version.version_id,
        "comment": "脱敏原声",
    }
