"""The base of every API view: authentication, bodies, problems, pagination, rate limits."""
