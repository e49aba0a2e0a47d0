"""The WSGI application; granian serves it through config/asgi.py."""

import os

from django.core.wsgi import get_wsgi_application

from config import telemetry
from config.environment.validation import refuse_faults, refuse_wrong_keys
from config.postgresql.connection import bound_answers
from config.web.database_connections import end_with_threads
from organizations.web.client_address import without_doubtful_origins
from organizations.web.request_bodies import complete_bodies

refuse_faults()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Making a connection costs more than ten answers, so threads keep theirs. Here only: a worker and a
# dispatcher wait for longer than they work.
os.environ["DATABASE_CONN_MAX_AGE"] = os.environ.get("DATABASE_CONN_MAX_AGE") or "600"
end_with_threads()
bound_answers()
telemetry.begin("web")
application = without_doubtful_origins(complete_bodies(get_wsgi_application()))

from config.schema_guard import refuse_newer  # noqa: E402  needs the application's settings

refuse_newer()
refuse_wrong_keys()
