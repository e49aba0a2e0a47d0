"""The admin of the organizations app; Django finds the pages by this import."""

from organizations.admin import keys, log, organizations, people

__all__ = ["keys", "log", "organizations", "people"]
