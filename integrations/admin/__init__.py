"""The admin of the integrations app; Django finds the pages by this import."""

from integrations.admin import integration, operations, processes, sandbox

__all__ = ["integration", "operations", "processes", "sandbox"]
