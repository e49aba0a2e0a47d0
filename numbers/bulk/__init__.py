"""Bulk jobs: previews of changes, actions on one row, and the runner, which workers use."""
