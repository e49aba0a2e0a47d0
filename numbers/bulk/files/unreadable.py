"""The error for a file that is not a table of numbers."""


class UnreadableFile(Exception):
    """Raised if the whole file is rejected; the message says why, and how to fix it."""
