"""The base of the HTTP interfaces on integrations and operations."""
