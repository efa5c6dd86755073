"""The same models on Apache Spark, from the same raw zone (docs/scale_out.md).

`window` and `compare` run in the project's own environment, `session` and `build` in that of Spark
(its pandas is older) and import nothing else of the project. What Spark reads are Parquet files: the
raw zone, scores, groups, identity, and an export of the control tables; never a DuckDB file.
"""
