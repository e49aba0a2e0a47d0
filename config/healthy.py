"""`manage.py healthy dispatcher|worker|web`, the health check of this machine's process for
containers.

Runs every few seconds, so it starts without Django. Exits with 0 or 1 and prints the reason.
"""

import http.client
import socket
import sys
from urllib.parse import urlsplit

USAGE = "usage: manage.py healthy dispatcher | worker | web [URL]"
DEFAULT_URL = "http://127.0.0.1:8000/healthz"
TIMEOUT = 4  # seconds
# Must equal the ALIVE_TIMEOUT of integrations/runtime/processes.py, which cannot be imported
# without Django's settings.
PROCESS_QUERY = """
SELECT state, reason, extract(epoch FROM statement_timestamp() - seen_at)::int
FROM integrations_process WHERE kind = %s AND starts_with(instance, %s)
ORDER BY seen_at DESC LIMIT 1
"""
ALIVE_TIMEOUT = 30  # seconds


def main(words: list[str]) -> int:
    """Runs the check and returns the exit status."""
    if words[:1] == ["web"] and len(words) <= 2:
        is_well, told = check_web(words[1] if len(words) == 2 else DEFAULT_URL)
    elif words in (["dispatcher"], ["worker"]):
        is_well, told = check_process_heartbeat(words[0])
    else:
        is_well, told = False, USAGE
    print(told)
    return 0 if is_well else 1


def check_web(url: str) -> tuple[bool, str]:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return False, f"{url} is no address that begins with http://"
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT)
    path = f"{parts.path or '/'}?{parts.query}".removesuffix("?")
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"web: {type(error).__name__}: {error}"
    finally:
        connection.close()
    return status == http.HTTPStatus.OK, f"web: {status}"


def check_process_heartbeat(kind: str) -> tuple[bool, str]:
    import psycopg

    from config.environment.reader import env, load_quickstart_environment

    load_quickstart_environment()
    options = f"-c statement_timeout={TIMEOUT}s"
    try:
        with psycopg.connect(
            env("DATABASE_URL"), connect_timeout=TIMEOUT, tcp_user_timeout=4000, options=options
        ) as connection:
            row = connection.execute(PROCESS_QUERY, [kind, f"{socket.gethostname()}:"]).fetchone()
    except psycopg.Error as error:
        return False, f"{kind}: {str(error).strip().partition(chr(10))[0]}"
    if row is None:
        return False, f"{kind}: none has reported from {socket.gethostname()}"
    state, reason, ago = row
    told = f"{kind}: {state}, reported {ago} s ago"
    return ago < ALIVE_TIMEOUT, f"{told}: {reason}" if reason else told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
