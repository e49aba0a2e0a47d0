"""Configuration of the log: what is logged, as readable lines or one JSON object per record
(LOG_FORMAT=json). Nothing here may raise, because a program must not fail while logging."""

import json
import logging
import re
import time
from threading import Lock
from typing import Any

import django.db
import structlog

from organizations.web.request_id import current_request_id

MAX_CLIENT_TEXT = 300  # characters from a client
REPEAT_INTERVAL = 60.0  # seconds in which the same error is logged once
MAX_TRACKED_ERRORS = 500  # distinct errors that are remembered
VARIABLE_PARTS = re.compile(r"[0-9a-fA-F-]{8,}|\d+")  # ids and numbers differ in repeats


class DropClientErrorTracebacks(logging.Filter):
    """Logs a request that Django refuses, for example for its Host header, in one line without
    traceback, because clients can cause any number of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            record.msg, record.args = record.getMessage()[:MAX_CLIENT_TEXT], ()
        return True


class DropDuplicateServerErrors(logging.Filter):
    """Drops Django's record of a 5xx response whose cause Patchbay has logged itself
    (organizations.web.api.exception_mapping)."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "django.request" or record.levelno < logging.ERROR:
            return True
        error = record.exc_info[1] if record.exc_info else None
        away = (django.db.OperationalError, django.db.InterfaceError)
        return error is not None and not isinstance(error, away)


class AddRequestId(logging.Filter):
    """Adds `request_id`, the id of the current request, or of the one that requested the work."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request_id"):
            id_ = current_request_id()
            record.request_id = str(id_) if id_ else ""
        return True


class CollapseRepeats(logging.Filter):
    """Logs the same warning or error at once, and then at most once a minute with a count."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()
        self.told: dict[tuple, list] = {}  # time of the last record, and count since then

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        try:
            return self.is_new(record)
        except Exception:  # any object may have been logged
            return True

    def is_new(self, record: logging.LogRecord) -> bool:
        kind = self.kind(record)
        with self.lock:
            now = time.monotonic()
            known = self.told.get(kind)
            if known and now - known[0] < REPEAT_INTERVAL:
                known[1] += 1
                return False
            if len(self.told) >= MAX_TRACKED_ERRORS:
                self.told.clear()
            self.told[kind] = [now, 0]
        if known and known[1]:
            more = f"{record.getMessage()} … {known[1]} more times in {now - known[0]:.0f} s"
            record.msg, record.args = more, ()
        return True

    def kind(self, record: logging.LogRecord) -> tuple:
        text = VARIABLE_PARTS.sub("#", record.getMessage()[:MAX_CLIENT_TEXT])
        error = type(record.exc_info[1]).__name__ if record.exc_info else ""
        return record.name, record.levelno, text, error


class LineFormatter(logging.Formatter):
    """Formats `2026-11-28 07:00:00,000 ERROR name: message`, and the request id, if any."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:
            return format_broken_record(record, error)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        id_ = getattr(record, "request_id", "")
        return super().formatMessage(record) + (f" [{id_}]" if id_ else "")


def format_broken_record(record: logging.LogRecord, error: Exception) -> str:
    """Formats a record whose arguments do not fit its text, or cannot be converted."""
    return f"{record.levelname} {record.name}: {str(record.msg)[:MAX_CLIENT_TEXT]!r} ({error!r})"


def order_log_fields(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields in reading order, without empty ones."""
    record = event["_record"]
    first = {"time": event.pop("time"), "level": record.levelname, "logger": record.name}
    first |= {"message": event.pop("event"), "process": record.process}
    rest = {k: v for k, v in event.items() if v not in ("", None)}
    return {**first, **rest}


def stringify_log_value(value: Any) -> str:
    """Returns the text of a value that JSON does not support."""
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats a record as one JSON object on one line."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
                structlog.stdlib.ExtraAdder(allow=EXTRA_LOG_FIELDS),
            ],
            processors=[
                structlog.processors.format_exc_info,
                order_log_fields,
                self.remove_processors_meta,
                structlog.processors.JSONRenderer(default=stringify_log_value),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:
            text = format_broken_record(record, error)
            return json.dumps({"level": record.levelname, "logger": record.name, "message": text})


EXTRA_LOG_FIELDS = (
    "request_id",
    "method",
    "route",
    "status",
    "milliseconds",
    "organization",
    "operation",
)


def build_logging_settings(*, level: str, is_json: bool) -> dict[str, Any]:
    """Returns Django's LOGGING setting."""
    filters = {
        "refused": DropClientErrorTracebacks,
        "twice": DropDuplicateServerErrors,
        "request": AddRequestId,
        "collapsed": CollapseRepeats,
    }
    line = {"()": LineFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    handler = {"class": "logging.StreamHandler", "formatter": "json" if is_json else "line"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line, "json": {"()": JsonFormatter}},
        "filters": {name: {"()": kind} for name, kind in filters.items()},
        "handlers": {"stderr": {**handler, "filters": [*filters]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {  # Patchbay logs the same better, or the client knows already
            **dict.fromkeys(("httpx", "httpcore", "celery.worker.strategy"), {"level": "WARNING"}),
            **dict.fromkeys(("celery.app.trace", "django.request"), {"level": "ERROR"}),
        },
    }
