"""A host application of the wizard: pages of another site that frame it, connect accounts and provide lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.local_server import local_server

_LISTENING = """
window.received = [];
window.errors = null;
window.addEventListener("message", (event) => {
  if (event.origin !== %(wizard)s) return;
  received.push(event.data);
  if (event.data.type === "tray.configPopup.validate") {
    const type = "tray.configPopup.client.validation";
    const reply = (data) => event.source.postMessage({ type, data }, event.origin);
    reply({ inProgress: true });
    reply({ inProgress: false, errors: window.errors || {} });
  }
});
"""
_FRAMING = f"""<!DOCTYPE html><html lang="en"><title>Host</title>
<h1>My integrations</h1><iframe id="wizard" title="Wizard" width="600" height="800"></iframe>
<script>{_LISTENING}
document.getElementById("wizard").src = %(address)s;
</script></html>"""
_OPENING = f"""<!DOCTYPE html><html lang="en"><title>Host</title>
<h1>My integrations</h1><button>Configure</button>
<script>{_LISTENING}
document.querySelector("button").addEventListener("click", () => window.open(%(address)s, "_blank", "popup"));
</script></html>"""
STYLE = ":root { --accent: rgb(1, 99, 12); }"
_DIALOG = """<!DOCTYPE html><html lang="en"><title>Connect</title><h1>Connect an account</h1>
<button>Allow</button>
<script>
document.querySelector("button").addEventListener("click", async () => {
  const response = await fetch(location.href, { method: "POST" });
  window.opener.postMessage({ type: "tray.authpopup.finish", authId: await response.text() }, %(wizard)s);
});
</script></html>"""


@dataclass
class Host:
    """The host application at its two names, which a browser treats as two sites.

    `connect` creates the authentication of the dialog for the parameters that it was opened with.
    """

    url: str = ""
    other_url: str = ""
    wizard: str = ""
    connect: Callable[[dict[str, str]], str] = lambda _: ""
    choices: list[dict[str, Any]] = field(default_factory=list)

    def framing(self, address: str, *, from_other: bool = False) -> str:
        """The address of a page that frames the page at an address."""
        return f"{self.other_url if from_other else self.url}/frame?{self.wizard}{address}"

    def opening(self, address: str) -> str:
        """The address of a page with a button that opens the page at an address in a window."""
        return f"{self.url}/open?{self.wizard}{address}"


@contextmanager
def hosting() -> Iterator[Host]:
    """A host that serves its pages as long as the context lasts."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path.endswith(".css"):
                self._respond(STYLE, "text/css")
                return
            texts = {"wizard": json.dumps(host.wizard), "address": json.dumps(query)}
            page = {"/frame": _FRAMING, "/open": _OPENING}.get(path, _DIALOG)
            self._respond(page % texts, "text/html; charset=utf-8")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path.startswith("/lists"):
                self._respond(json.dumps(host.choices), "application/json")
            else:
                query = parse_qs(urlsplit(self.path).query)
                self._respond(host.connect({name: given[0] for name, given in query.items()}), "text/plain")

        def _respond(self, text: str, media_type: str) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with local_server(Handler) as port:
        host.url = f"http://localhost:{port}"
        host.other_url = f"http://127.0.0.1:{port}"
        yield host
