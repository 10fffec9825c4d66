"""Writes `docs/reference/` from the schema files, the code and the tests."""
