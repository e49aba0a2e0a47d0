"""The dispatchers and workers themselves: whether they run, and how they survive outages."""
