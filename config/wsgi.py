"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from organizations.checks import refuse_without_secrets  # noqa: E402  needs the application's settings

refuse_without_secrets()
