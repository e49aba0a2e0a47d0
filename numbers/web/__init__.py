"""The base of the HTTP interfaces on numbers."""
