"""Adding many numbers at once: a pasted list, a range, a file. Each becomes a batch to look at."""
