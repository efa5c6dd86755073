"""When and in what order: the Dagster code location and the command line.

`definitions.py` loads `defs/`; `steps.py` holds what each asset does, in path order. The rooms
`sources`, `admission`, `warehouse`, `publishing` and `brief` are plain Python and never import Dagster.
"""
