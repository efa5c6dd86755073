"""The Dagster code location: loads everything under `defs/`.

Nothing is defined here; assets live in `defs/` in path order (ingest, score, transform, assure, publish).
"""

import warnings

from orchestration.quiet import quiet_third_party

quiet_third_party(warnings)

import dagster as dg  # noqa: E402

from orchestration.settings import PROJECT_ROOT  # noqa: E402


@dg.definitions
def defs() -> dg.Definitions:
    """Load the asset graph."""
    loaded = dg.load_from_defs_folder(path_within_project=PROJECT_ROOT / "orchestration" / "defs")
    return dg.Definitions.merge(loaded, dg.Definitions(executor=dg.in_process_executor))
