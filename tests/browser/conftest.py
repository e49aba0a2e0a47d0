"""A real browser against a live server, by pytest-playwright's fixtures `page`, `context` and
`browser`."""

import shutil
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page

from integrations.ledger import worker as provisioning
from integrations.models import Operation
from tests.support.exports import run_pending_exports
from tests.support.factories import Member, run_due_bulk_jobs

Args = dict[str, Any]
DISABLED_FEATURES = ("gpu", "background-networking", "component-update", "sync")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: Args) -> Iterator[Args]:
    """Debian's chromium, which needs no download."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    args = ["--no-sandbox", *(f"--disable-{part}" for part in DISABLED_FEATURES)]
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in this thread; Django would take that for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield {**browser_type_launch_args, "executable_path": chromium, "args": args}


@pytest.fixture(scope="session")
def base_url(live_server) -> str:
    """Where `page` begins."""
    return live_server.url


def set_session_cookie(context: BrowserContext, member: Member, url: str) -> None:
    """By the session's cookie; the way through the sign-in page has tests of its own."""
    client = Client()
    client.force_login(member.user, "django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console complained of, and scripts that failed; empty on a good day."""
    found: list[str] = []
    page.on(
        "console", lambda message: found.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def worker(transactional_db) -> Iterator[None]:
    """Dispatcher and worker in one thread: whatever is due is attempted."""
    stop = Event()
    thread = Thread(target=run_worker_loop, args=[stop])
    thread.start()
    yield
    stop.set()
    thread.join()


def run_worker_loop(stop: Event) -> None:
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    try:
        while not stop.wait(0.05):
            due = Operation.objects.filter(free, status="open", next_attempt_at__lte=timezone.now())
            for operation_id in list(due.values_list("pk", flat=True)):
                provisioning.run_attempt(operation_id)
            run_due_bulk_jobs()
            run_pending_exports()
    finally:
        connection.close()
