"""The admin of the numbers app; Django finds the pages by this import."""

from numbers.admin import agent, number

__all__ = ["agent", "number"]
