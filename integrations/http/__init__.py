"""HTTP to platforms: one client, guarded against internal addresses, with redacted logs."""
