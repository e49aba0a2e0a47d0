"""Metrics of large organizations, requested by pages and counted by workers."""
