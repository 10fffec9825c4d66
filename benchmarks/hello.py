"""The floor of a web request: a Flask view that returns a constant."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.route("/healthz")
@app.post("/service")
def hello() -> str:
    """Return a constant."""
    return "hello"
