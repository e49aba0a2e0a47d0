"""The base of every API view: authentication, bodies, problems, pages, rate limits."""
