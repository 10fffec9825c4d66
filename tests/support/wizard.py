"""The wizard without a browser: pages are read and forms are sent through HTTP, without cookies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from tests.support.pages import check_ids, selected, shown
from tests.support.solution_store import Store

STATIC = "/external/static/"


@dataclass(frozen=True)
class WizardPage:
    """A page of the wizard."""

    wizard: Wizard
    response: TestResponse
    path: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @cached_property
    def tree(self) -> html.HtmlElement:
        return html.document_fromstring(self.response.get_data())

    @property
    def title(self) -> str:
        return shown(self.tree.find(".//h1"))

    @property
    def text(self) -> str:
        return shown(self.tree.find(".//main"))

    @property
    def message(self) -> dict[str, Any] | None:
        """The message that the page sends to its host."""
        given = self.tree.find("body").get("data-message")
        return None if given is None else json.loads(given)

    @property
    def labels(self) -> list[str]:
        """The labels of the settings, in order, with their marks."""
        return self.texts("form > .field > label, form > fieldset > legend")

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form as a browser sends them: it ignores a line end at the start of a text area."""
        (form,) = self.tree.forms
        return {name: (value or "").removeprefix("\n") for name, value in form.form_values()}

    @property
    def reasons(self) -> list[str]:
        return self.texts(".reason, .notice.bad p")

    def texts(self, selector: str) -> list[str]:
        return [shown(element) for element in selected(self.tree, selector)]

    def send(self, action: str = "next", values: dict[str, str] | None = None) -> WizardPage:
        """Send the form with a button, and other values in some fields. A value of None in a field is left out."""
        fields = {**self.fields, **(values or {}), "action": action}
        return self.wizard.post(self.path, fields)

    def summary(self) -> dict[str, str]:
        """The settings on the summary."""
        return {shown(row.find("dt")): shown(row.find("dd")) for row in self.tree.cssselect("dl > div")}


@dataclass
class Wizard:
    """Opens the wizard of end users, whose browsers keep no cookies."""

    app: Flask
    store: Store
    policy: str = "default-src 'self'; style-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    seen: list[str] = field(default_factory=list)

    def code(self, **subject: str) -> str:
        """A code for the user `userId`, or for the owner of `solutionInstanceId`."""
        return self.store.done("GenerateAuthorizationCode", **subject).text("authorizationCode") or ""

    def open(self, instance: str, query: str = "") -> WizardPage:
        """The first page of the wizard of an instance."""
        code = self.code(solutionInstanceId=instance)
        return self.get(f"/external/solutions/acme/configure/{instance}?code={code}{query}")

    def get(self, path: str, **options: object) -> WizardPage:
        return self._page(self.app.test_client(use_cookies=False).get(path, **options), path)

    def post(self, path: str, fields: dict[str, str]) -> WizardPage:
        return self._page(self.app.test_client(use_cookies=False).post(path, data=fields), path)

    def _page(self, response: TestResponse, path: str) -> WizardPage:
        text = response.get_data(as_text=True)
        self.seen.append(text)
        assert response.headers["Content-Security-Policy"] == self.policy
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
        assert " style=" not in text
        check_ids(text)
        assert text.count("<script") == text.count(f'<script src="{STATIC}') == text.count("</script>")
        return WizardPage(self, response, urlsplit(path).path)
