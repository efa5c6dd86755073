"""The one-page Chinese brief made from a published version."""
