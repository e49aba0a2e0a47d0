"""What is said of a file that is no table of numbers."""


class UnreadableFile(Exception):
    """The whole file is refused; the text says why, and what helps."""
