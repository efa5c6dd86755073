"""How good the scores are: `python -m ml.evaluation`."""
