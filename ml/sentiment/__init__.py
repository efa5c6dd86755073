"""Judgements of a clause."""
