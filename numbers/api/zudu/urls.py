"""Zudu's paths, below /api/; the fixed ones before those that hold a number."""

urlpatterns: list = []
