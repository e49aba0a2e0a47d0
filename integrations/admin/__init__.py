"""The admin of the integrations app; Django finds the pages by this import."""

from integrations.admin import integration, ledger, programs, sandbox

__all__ = ["integration", "ledger", "programs", "sandbox"]
