"""The audit log: its chain of seals, and its archive."""
