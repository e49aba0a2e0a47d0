"""How long rows are kept, and the task that deletes older ones."""
