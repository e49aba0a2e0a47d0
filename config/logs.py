"""What reaches the log."""

import logging

LONGEST = 300  # characters of what a client sent


class WithoutClientsTracebacks(logging.Filter):
    """A request that Django refuses, for its Host header or the like, is one line: the client did
    it, and can do it as often as it likes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            record.msg, record.args = record.getMessage()[:LONGEST], ()
        return True
