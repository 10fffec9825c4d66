"""The WSGI entry: `gunicorn wsgi:app`."""

from __future__ import annotations

from app.start import application

app = application()
