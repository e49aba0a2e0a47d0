"""Screens of imports and bulk changes."""
