"""Errors to Sentry and traces to OpenTelemetry. Each needs a setting, and packages that the
operator installs; without them nothing is imported.

Neither receives request bodies, values of variables, or the identity of users.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from config import VERSION
from config.environment.reader import env

SENTRY_PACKAGES = {"sentry_sdk": "sentry-sdk"}
OPENTELEMETRY_PACKAGES = {
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.instrumentation.django": "opentelemetry-instrumentation-django",
    "opentelemetry.instrumentation.celery": "opentelemetry-instrumentation-celery",
}
REQUIRED_PACKAGES = {
    "SENTRY_DSN": SENTRY_PACKAGES,
    "OTEL_EXPORTER_OTLP_ENDPOINT": OPENTELEMETRY_PACKAGES,
}


def missing_package_errors() -> Iterator[str]:
    """Yields a sentence for each setting whose packages are not installed."""
    for setting, modules in REQUIRED_PACKAGES.items():
        missing = [
            package for module, package in modules.items() if not is_module_installed(module)
        ]
        if setting in env and missing:
            yield f"{setting} is set, and its packages are not installed: pip install " + (
                f"{' '.join(missing)}, or remove the setting."
            )


def is_module_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing too
        return False


def start_telemetry(program: str) -> None:
    """Starts the telemetry of a process. Call it after the fork, and in the web before the
    middleware is loaded."""
    if dsn := env("SENTRY_DSN"):
        start_sentry(dsn, program)
    if env("OTEL_EXPORTER_OTLP_ENDPOINT"):
        start_tracing(program)


def start_sentry(dsn: str, program: str) -> None:
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        release=VERSION,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )
    sentry_sdk.set_tag("program", program)


def start_tracing(program: str) -> None:
    """Starts tracing. The exporter reads its own OTEL_EXPORTER_… variables."""
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
