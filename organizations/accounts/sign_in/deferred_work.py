"""Work on an account that must not show in the response time.

A refused password is logged and mailed to the account's owner, and a forgotten one is answered by a
mail, only if the account exists. The request therefore reads no account: it passes the e-mail to a
thread of its process, which starts after the response has been sent. The worker cannot do this
work, because it has neither the mail server's password nor the secret behind reset links, and no
link is ever stored.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from allauth.core.context import request_context
from django.conf import settings
from django.db import connections
from django.http import HttpRequest
from django.utils import translation

from organizations.tenancy import tenant_scope
from organizations.web.request_id import continue_request

logger = logging.getLogger("organizations.accounts.sign_in")
MAX_QUEUED = 200
START_DELAY = 1.0  # seconds; the response has been sent by then, so the work cannot delay it


class DeferredWorkQueue:
    """One thread that works in order. Queued work is finished when the process is asked to stop,
    and lost when the process is killed."""

    def __init__(self, name: str):
        self.name = name
        self.free = BoundedSemaphore(MAX_QUEUED)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=f"after-answer-{name}")

    def add(self, request: HttpRequest, work: Callable[[HttpRequest, str], None], email: str):
        """Calls `work(request, email)` later, in the current language. Drops the work and logs an
        error if MAX_QUEUED calls are waiting."""
        if not settings.WORK_AFTER_ANSWERS:
            work(request, email)
        elif self.free.acquire(blocking=False):
            language, start = translation.get_language() or "en", time.monotonic() + START_DELAY
            self.thread.submit(self._run, start, language, request, work, email)
        else:
            logger.error("Too much waits to be done (%s): something was left out", self.name)

    def _run(self, start: float, language: str, request: HttpRequest, work, email: str) -> None:
        time.sleep(max(0.0, start - time.monotonic()))
        try:
            in_language = translation.override(language)
            with (
                tenant_scope.for_role(tenant_scope.WEB),
                request_context(request),
                continue_request(request),
                in_language,
            ):
                work(request, email)
        except Exception:
            logger.exception("Not done after an answer (%s)", self.name)
        finally:
            connections.close_all()
            self.free.release()


# Two queues, so that a hanging mail server does not delay entries of the audit log.
AUDIT_QUEUE, EMAIL_QUEUE = DeferredWorkQueue("log"), DeferredWorkQueue("mail")
