"""Admission: from deliveries as received to masked raw records, quarantine and the ledger.

`admit.py` is the way in, `ledger.py` the memory; no module here knows of the orchestrator.
"""
