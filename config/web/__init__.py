"""Code around the WSGI application: the bridge to ASGI, request bodies, sockets, compression and
probes."""
