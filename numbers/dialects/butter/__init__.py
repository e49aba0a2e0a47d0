"""Butter's dialect."""
