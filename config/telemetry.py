"""Errors to Sentry and traces to OpenTelemetry: by a setting each, and by packages that an operator
installs beside ours. Neither is asked for here otherwise.

Neither gets bodies of requests, values of variables, or who somebody is.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from config import VERSION
from config.environment.reader import env

SENTRY = {"sentry_sdk": "sentry-sdk"}
OPENTELEMETRY = {
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.instrumentation.django": "opentelemetry-instrumentation-django",
    "opentelemetry.instrumentation.celery": "opentelemetry-instrumentation-celery",
}
NEEDED = {"SENTRY_DSN": SENTRY, "OTEL_EXPORTER_OTLP_ENDPOINT": OPENTELEMETRY}


def lacking() -> Iterator[str]:
    """A sentence for each setting whose packages are not installed."""
    for setting, modules in NEEDED.items():
        missing = [package for module, package in modules.items() if not is_installed(module)]
        if setting in env and missing:
            yield f"{setting} is set, and its packages are not installed: pip install " + (
                f"{' '.join(missing)}, or remove the setting."
            )


def is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False


def begin(program: str) -> None:
    """In each process, after it was forked; in the web before its middleware is read."""
    if dsn := env("SENTRY_DSN"):
        report_errors(dsn, program)
    if env("OTEL_EXPORTER_OTLP_ENDPOINT"):
        trace(program)


def report_errors(dsn: str, program: str) -> None:
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        release=VERSION,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )
    sentry_sdk.set_tag("program", program)


def trace(program: str) -> None:
    """The exporter reads its own OTEL_EXPORTER_… variables."""
    from opentelemetry import trace as tracing
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.name": f"patchbay-{program}", "service.version": VERSION}
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracing.set_tracer_provider(provider)
    CeleryInstrumentor().instrument()
    if program == "web":
        DjangoInstrumentor().instrument()
