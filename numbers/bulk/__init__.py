"""The worker's half of batches: what a change would do, how one row is done, and the runner."""
