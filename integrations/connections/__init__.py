"""Accounts at platforms: their fields, defaults and encrypted credentials."""
