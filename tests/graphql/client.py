"""A client of the GraphQL interface for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

INSTANCE = (
    "solutionInstance { id name enabled owner configValues { externalId value } authValues { externalId authId } }"
)


@dataclass(frozen=True)
class GraphQL:
    """Posts requests with a token, or without one if it is None."""

    app: Flask
    token: str | None

    def post(self, body: object, **options: Any) -> TestResponse:  # noqa: ANN401 - whatever werkzeug takes
        """POST any body, and check that the response is JSON in the documented shape."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        data = body if isinstance(body, bytes) else json.dumps(body)
        given: dict[str, Any] = {"content_type": "application/json", "headers": headers, **options}
        response = self.app.test_client().open("/graphql", **{"method": "POST", "data": data, **given})
        assert response.mimetype == "application/json"
        document = response.get_json()
        assert (response.headers["Relink-Error-Number"] == "0") is ("errors" not in document)
        assert list(document) in (["data"], ["data", "errors"])
        for error in document.get("errors", ()):
            assert set(error) <= {"message", "path", "locations", "extensions"}
            assert all(isinstance(error[name], list) and error[name] for name in error.keys() & {"path", "locations"})
            assert list(error["extensions"]) == ["name", "code", "time_thrown"]
        return response

    def document(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the response to a valid request."""
        response = self.post({"query": query, "variables": variables})
        assert response.status_code == 200
        document: dict[str, Any] = response.get_json()
        return document

    def data(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the data of a response without errors."""
        document = self.document(query, **variables)
        assert "errors" not in document, document
        data: dict[str, Any] = document["data"]
        return data

    def error(self, query: str, **variables: object) -> tuple[str, str]:
        """Return the code and the message of the one error of a response without data."""
        document = self.document(query, **variables)
        assert document["data"] is None
        (error,) = document["errors"]
        return error["extensions"]["code"], error["message"]

    def viewer(self, selection: str, **variables: object) -> dict[str, Any]:
        """Return the value of a field of the viewer."""
        (found,) = self.data(f"{{ viewer {{ {selection} }} }}", **variables)["viewer"].values()
        return dict(found)

    def mutate(self, name: str, selection: str = "clientMutationId", /, **given: object) -> dict[str, Any]:
        """The payload of a mutation."""
        payload: dict[str, Any] = self.data(mutation(name, selection), input=given)[name]
        return payload

    def refused(self, name: str, /, **given: object) -> tuple[str, str]:
        """The code and the message with which a mutation is refused."""
        return self.error(mutation(name, "clientMutationId"), input=given)


def mutation(name: str, selection: str) -> str:
    """A mutation with its input as a variable."""
    type_name = "RemoveUserAuthentication" if name == "removeAuthentication" else name[0].upper() + name[1:]
    type_name = "ConnectorCall" if name == "callConnector" else type_name
    return f"mutation($input: {type_name}Input!) {{ {name}(input: $input) {{ {selection} }} }}"


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a connection."""
    return [edge["node"] for edge in connection["edges"]]
