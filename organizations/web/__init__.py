"""The base of all HTTP interfaces."""
