"""The WSGI entry: `gunicorn wsgi:app`, in this directory, where gunicorn finds its settings in `gunicorn.conf.py`."""

from __future__ import annotations

from app.web_process import application

app = application()
