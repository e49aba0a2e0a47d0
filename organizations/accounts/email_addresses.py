"""How e-mails are spelled, so that one person has one."""


def canonical_email(text: str) -> str:
    """As it is stored and looked up, character by character. A database that ignores case takes
    "ſ" for an S and "ı" for an I, which at a mail provider are other people."""
    return text.strip().lower()


def is_same_email(one: str, other: str) -> bool:
    return canonical_email(one) == canonical_email(other)
