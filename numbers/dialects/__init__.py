"""The HTTP dialects of two vendors, Butter and Zudu."""
