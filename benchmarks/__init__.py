"""Benchmarks: this project against what a user would write instead. `make bench`; docs/benchmarks.md."""
