"""The WSGI application, which granian serves through config/asgi.py."""

import os

from django.core.wsgi import get_wsgi_application

from config import telemetry
from config.environment.validation import ensure_encryption_keys_match, ensure_valid_settings
from config.postgresql.connection import enable_answer_timeout
from config.web.database_connections import tie_connections_to_threads
from organizations.web.client_address import drop_ambiguous_headers
from organizations.web.request_bodies import require_complete_bodies

ensure_valid_settings()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Opening a connection costs more than ten responses, so threads keep theirs. This is only for the
# web, because a worker and a dispatcher wait for longer than they work.
os.environ["DATABASE_CONN_MAX_AGE"] = os.environ.get("DATABASE_CONN_MAX_AGE") or "600"
tie_connections_to_threads()
enable_answer_timeout()
telemetry.start_telemetry("web")
application = drop_ambiguous_headers(require_complete_bodies(get_wsgi_application()))

from config.schema_guard import ensure_schema_not_newer  # noqa: E402  needs the application's settings

ensure_schema_not_newer()
ensure_encryption_keys_match()
