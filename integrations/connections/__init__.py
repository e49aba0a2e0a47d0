"""Accounts on platforms: their fields, defaults and encrypted credentials."""
