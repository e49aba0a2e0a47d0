"""Search, sort, save and export lists of numbers."""
