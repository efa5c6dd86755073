"""Publishing: from the private warehouse to immutable versions that readers open.

`catalogue` reads from the dbt manifest which table and column is meant for whom; `publisher`
writes a version; `versions` lists, moves and prunes them; `query` opens the current one for
reading only. What the tables mean stands in `dbt_project/`; the page made from a published
version in `orchestration/brief/`.
"""
