"""Django's PostgreSQL backend, which sets the role and organization of each transaction."""
