"""The admin of the numbers app; Django finds the pages by this import."""

from numbers.admin import agent, batch, figure_count, mapping, number, pool, saved_view

__all__ = ["agent", "batch", "figure_count", "mapping", "number", "pool", "saved_view"]
