"""Which elements and parameters hold secrets, by their names."""

from __future__ import annotations


def names_a_password(path: str) -> bool:
    """Return whether a flat XML path leads to, or into, a password or session token."""
    return any(step.startswith("sessiontoken") or "password" in step for step in path.lower().split("/"))


def names_a_secret(path: str) -> bool:
    """Return whether a path leads to a secret: a password, a session token, or the `data` of an authentication."""
    return names_a_password(path) or any(step.partition("[")[0] == "data" for step in path.split("/"))
