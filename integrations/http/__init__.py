"""HTTP to platforms: one client with an SSRF guard, redacted records and rate limits."""
