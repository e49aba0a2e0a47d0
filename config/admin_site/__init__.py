"""The Django admin site: front page, theme and navigation."""
