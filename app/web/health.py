"""`/healthz`: the process responds. `/readyz`: it can handle requests. `/metrics`: metrics and figures of the store."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database.failures import logged_failure
from app.web.context import resources
from app.web.metrics import exposition

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Return 200 as long as the process lives."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Return 200 if the database responds, else 503."""
    try:
        with resources().engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        found = logged_failure(error, g.request_id)
        response = jsonify(status=found.message if found else "the database cannot be used")
        response.status_code = 503
        response.headers["Retry-After"] = str(found.retry_after if found else 5)
        return response
    return jsonify(status="ok")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Return the metrics of the processes and figures of the store, in Prometheus' text format."""
    body, content_type = exposition(resources().store_metrics)
    return Response(body, content_type=content_type)
