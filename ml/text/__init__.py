"""Text as such: one spelling, clauses, words."""
