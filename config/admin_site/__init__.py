"""The site of the Django admin: its front page, theme and navigation."""
