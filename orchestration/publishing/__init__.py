"""Immutable published versions and reading them."""
