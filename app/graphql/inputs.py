"""Collapses white space in the tokens of GraphQL inputs, as the XML services do, and keeps other texts unchanged."""

from __future__ import annotations

from typing import Any, Final

from app.text import collapsed

TOKENS: Final = frozenset(
    {
        "auth_id",
        "authentication_id",
        "connector",
        "external_id",
        "external_user_id",
        "id",
        "ids",
        "operation",
        "owner",
        "scopes",
        "service_environment_id",
        "service_id",
        "solution_id",
        "solution_instance_id",
        "tags",
        "user_id",
        "version",
    }
)
"""The fields whose type in the schemas of the XML services is derived from xs:token."""


def with_tokens_collapsed(given: dict[str, Any]) -> dict[str, Any]:
    """Return an input object, and those within it, with white space collapsed in its tokens."""
    return {name: _collapsed(value, token=name in TOKENS) for name, value in given.items()}


def _collapsed(value: Any, *, token: bool) -> Any:  # noqa: ANN401 - any input value
    if isinstance(value, dict):
        return with_tokens_collapsed(value)
    if isinstance(value, list):
        return [_collapsed(item, token=token) for item in value]
    return collapsed(value) if token and isinstance(value, str) else value
