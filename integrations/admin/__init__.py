"""The admin of the integrations app. Django registers its pages through this import."""

from integrations.admin import integration, operations, processes, sandbox

__all__ = ["integration", "operations", "processes", "sandbox"]
