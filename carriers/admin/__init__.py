"""The admin of the carriers app; Django finds the pages by this import."""

from carriers.admin import carrier

__all__ = ["carrier"]
