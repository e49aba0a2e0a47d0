"""Roles and permissions, principals, API keys and quotas."""
