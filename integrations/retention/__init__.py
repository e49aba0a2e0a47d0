"""The retention of rows, and the task that deletes expired ones."""
