"""Imported rows: their columns, options, readings and checks."""
