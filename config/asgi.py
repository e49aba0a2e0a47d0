"""The ASGI application that granian serves: the WSGI application behind a bridge."""

import logging
import multiprocessing
import resource
import signal

from config.supervisor.processes import exit_with_parent
from config.web.asgi_bridge import AsgiBridge
from config.wsgi import application as wsgi_application

from config.web.upload_limits import body_limits  # isort: skip  needs the settings that wsgi names

logger = logging.getLogger(__name__)

OPEN_FILE_LIMIT = 4096  # 2048 connections, files of 256 large bodies, PostgreSQL, and a reserve


def raise_open_file_limit() -> None:
    """Raises the limit as far as the hard limit allows, to OPEN_FILE_LIMIT at most. Without free
    files, granian cannot accept connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILE_LIMIT:
        logger.warning(
            "Only %s files may be open at once; allow %s (ulimit -n).", hard, OPEN_FILE_LIMIT
        )
    most = OPEN_FILE_LIMIT if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILE_LIMIT)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def exit_with_granian() -> None:
    """Ends this process when granian is killed, because it would otherwise keep the port."""
    if granian := multiprocessing.parent_process():
        exit_with_parent(granian.pid, signal.SIGKILL)


exit_with_granian()
raise_open_file_limit()
application = AsgiBridge(wsgi_application, limits=body_limits)
