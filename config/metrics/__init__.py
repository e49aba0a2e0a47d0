"""What Prometheus reads at `/metrics` (docs/decisions/0026, docs/monitoring.md)."""
