"""The admin pages of the carriers app. Importing them here registers them with Django."""

from carriers.admin import carrier

__all__ = ["carrier"]
