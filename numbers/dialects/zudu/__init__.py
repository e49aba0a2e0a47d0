"""Zudu's dialect."""
