"""Imports: their rows, columns, options, ambiguous numbers and checks."""
