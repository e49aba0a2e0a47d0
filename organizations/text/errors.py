"""Errors as one line of text."""


def error_summary(error: Exception | str) -> str:
    """The first line, which says what happened: PostgreSQL adds details that help nobody in a log
    or on a page. The type's name where there is no text."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
