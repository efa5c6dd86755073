"""The warehouse file: how it is opened, what a build covers, and how dbt is run on it."""
