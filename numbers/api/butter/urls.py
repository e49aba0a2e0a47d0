"""Butter's paths, below /api/."""

urlpatterns: list = []
