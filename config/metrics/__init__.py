"""Prometheus metrics at `/metrics` (docs/decisions/0026, docs/monitoring.md)."""
