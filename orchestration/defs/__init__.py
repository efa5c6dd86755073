"""What Dagster loads, in path order."""
