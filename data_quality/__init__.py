"""What we promise: channel contracts, distribution suites, the scan for personal identifiers.

Nothing here knows when it runs (that is `orchestration`) or what a table means (that is
`dbt_project`). Never imports Dagster.
"""
