"""What reaches the log, and how it looks: readable lines, or one JSON object for each
(LOG_FORMAT=json). Nothing here may raise: a program must not fail for what it says."""

import json
import logging
import re
import time
from threading import Lock
from typing import Any

import django.db
import structlog

from organizations.web.request_id import current_request_id

MAX_CLIENT_TEXT = 300  # characters of what a client sent
REPEAT_INTERVAL = 60.0  # seconds in which the same error is told once
MAX_TRACKED_ERRORS = 500  # of errors that are remembered
VARIABLE_PARTS = re.compile(r"[0-9a-fA-F-]{8,}|\d+")  # ids and numbers: the same error has others


class DropClientErrorTracebacks(logging.Filter):
    """A request that Django refuses, for its Host header or the like, is one line: the client did
    it, and can do it as often as it likes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            record.msg, record.args = record.getMessage()[:MAX_CLIENT_TEXT], ()
        return True


class DropDuplicateServerErrors(logging.Filter):
    """Django's line about an answer of 5xx whose cause has a line of our own
    (organizations.web.api.exception_mapping)."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "django.request" or record.levelno < logging.ERROR:
            return True
        error = record.exc_info[1] if record.exc_info else None
        away = (django.db.OperationalError, django.db.InterfaceError)
        return error is not None and not isinstance(error, away)


class AddRequestId(logging.Filter):
    """`request_id`: of the request that is being answered, or whose work is being done."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request_id"):
            id_ = current_request_id()
            record.request_id = str(id_) if id_ else ""
        return True


class CollapseRepeats(logging.Filter):
    """The same warning or error is told at once, and then once a minute with how often it came."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()
        self.told: dict[tuple, list] = {}  # when, and how many since

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        try:
            return self.is_new(record)
        except Exception:  # whatever was given to be logged
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
    """`2026-11-28 07:00:00,000 ERROR name: message`, and the request's id where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:
            return format_broken_record(record, error)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        id_ = getattr(record, "request_id", "")
        return super().formatMessage(record) + (f" [{id_}]" if id_ else "")


def format_broken_record(record: logging.LogRecord, error: Exception) -> str:
    """One whose arguments do not fit its text, or cannot be made a text."""
    return f"{record.levelname} {record.name}: {str(record.msg)[:MAX_CLIENT_TEXT]!r} ({error!r})"


def order_log_fields(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """The fields in the order in which people read them, and none that is empty."""
    record = event["_record"]
    first = {"time": event.pop("time"), "level": record.levelname, "logger": record.name}
    first |= {"message": event.pop("event"), "process": record.process}
    rest = {k: v for k, v in event.items() if v not in ("", None)}
    return {**first, **rest}


def stringify_log_value(value: Any) -> str:
    """Of what JSON does not know."""
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """One object on one line."""

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
    """Django's LOGGING."""
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
        "loggers": {  # what they would say, our own lines say better, or the client knows
            **dict.fromkeys(("httpx", "httpcore", "celery.worker.strategy"), {"level": "WARNING"}),
            **dict.fromkeys(("celery.app.trace", "django.request"), {"level": "ERROR"}),
        },
    }
