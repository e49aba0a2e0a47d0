"""The ASGI application that granian serves: the WSGI application behind a bridge."""

from config.bridge import Bridge
from config.wsgi import application as wsgi_application

application = Bridge(wsgi_application)
