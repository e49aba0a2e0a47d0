"""Errors as one line of text."""


def error_summary(error: Exception | str) -> str:
    """Returns the first line, which says what happened; PostgreSQL adds details that help nobody in
    a log or on a page. Returns the name of the exception's type if there is no text."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
