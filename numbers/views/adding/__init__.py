"""Screens that add many numbers at once from a pasted list, a range or a file. Each creates an
import job with a preview."""
