"""Django's PostgreSQL backend, extended to set the role and organization of each transaction."""
