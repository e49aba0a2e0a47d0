"""Exports: lists as files, made by the workers and kept for a day for whoever requested them."""
