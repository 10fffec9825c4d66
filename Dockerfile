FROM python:3.13-slim

WORKDIR /srv/relink
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md wsgi.py gunicorn.conf.py ./
COPY app ./app
COPY schemas ./schemas
COPY examples ./examples
# Installed in place: the schema files and the examples are found beside the program.
RUN pip install --no-cache-dir --no-deps -e . \
    && useradd --uid 10001 --no-create-home relink \
    && install -d -o relink /var/lib/relink

USER 10001
ENV RELINK_DATA_DIR=/var/lib/relink
# Only the embedded database uses it; with RELINK_DATABASE_URL it stays empty.
VOLUME /var/lib/relink
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
CMD ["relink", "serve", "--bind", "0.0.0.0:8080"]
