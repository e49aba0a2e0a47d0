"""Search, sort orders, saved views and export of the number list."""
