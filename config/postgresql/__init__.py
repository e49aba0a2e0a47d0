"""Django's PostgreSQL, which is told with each transaction whose rows the code may see."""
