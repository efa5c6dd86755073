"""The build file: connections, control tables, the dbt runner."""
