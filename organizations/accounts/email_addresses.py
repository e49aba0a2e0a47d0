"""The spelling of e-mail addresses, so that one person has one spelling."""


def canonical_email(text: str) -> str:
    """Returns the e-mail as it is stored and looked up, character by character. A database that
    ignores case would match "ſ" with S and "ı" with I, which are other people at a mail
    provider."""
    return text.strip().lower()


def is_same_email(one: str, other: str) -> bool:
    return canonical_email(one) == canonical_email(other)
