"""Great Expectations suites as code: distribution and drift, one module per table looked at.

Keys, relations, ranges and reconciliation are dbt tests; the contract at the door is admission.
"""
