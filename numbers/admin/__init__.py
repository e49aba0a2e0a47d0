"""The admin of the numbers app; Django finds the pages by this import."""

from numbers.admin import number

__all__ = ["number"]
