"""The HTTP client for platforms. Every call is restricted to the account's origins, bounded in size
and time, checked against internal addresses and recorded."""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from math import inf
from time import monotonic
from typing import Any

import certifi
import httpx

from integrations.http.rate_limits import RateLimit, parse_rate_limit
from integrations.http.redaction import Redactor
from integrations.http.response_body import (
    UnreadableResponse,
    count_values,
    read_json,
    shorten_to_line,
)
from integrations.http.ssrf_guard import (
    CONNECT_SECONDS,
    READ_SECONDS,
    AddressRefused,
    Network,
    SsrfGuardBackend,
    is_local_failure,
)
from integrations.providers.base import (
    LocalFailure,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Unavailable,
    UnexpectedResponse,
    build_unexpected_response,
)
from integrations.providers.base import gettext_noop as _

IDLE_SECONDS = 4.0  # jambonz closes an idle connection after 5 s; closing first avoids the race
# Limits on all responses to one attempt, so that no account can exhaust a worker's memory: a value
# takes up to 250 bytes in memory. 5,000 numbers of Twilio are 12 MB and 250,000 values.
MAX_CALLS = 500
MAX_BYTES = 24 * 1024 * 1024
MAX_VALUES = 600_000
MAX_PATH_LENGTH = 2000
WRITE_SECONDS = 20.0  # for a write and its response; a worker's lease lasts longer


@dataclass(frozen=True)
class Exchange:
    """One call in the form that may be stored: no headers, no secrets, bodies cut to 4 KB."""

    method: str
    url: str
    status: int | None
    duration_ms: int
    request_body: str
    response_body: str
    error: str | None


@dataclass(frozen=True)
class PlatformResponse:
    """A response whose body was read completely. The provider judges the status."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    reads: bool = True
    url: str = ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Returns the body's JSON, within the limits of integrations/http/response_body.py. Raises
        UnexpectedResponse or UnexpectedWriteResponse."""
        try:
            return read_json(self.body)
        except UnreadableResponse as error:
            sentence = f"{self.url} answered {self.status} with {error}."
            raise build_unexpected_response(sentence, reads=self.reads) from None


def parse_base_url(text: str) -> httpx.URL:
    """Returns the base URL of an account. Raises Refused with the reason if it is invalid."""
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, TypeError):
        raise Refused(_("The address is not a URL.")) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused(_("The address must begin with http:// or https:// and name a host."))
    if url.userinfo:
        raise Refused(_("The address must not carry a user name or password."))
    if url.query or url.fragment:
        raise Refused(_("The address must end before any ? or #."))
    return url


@cache
def _tls_context() -> ssl.SSLContext:
    """Returns a TLS context that trusts certifi's authorities and the system's, where a self-hoster
    adds a private one."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def guarded_transport(
    allowed_private: Sequence[Network], remaining: Callable[[], float]
) -> httpx.HTTPTransport:
    limits = httpx.Limits(max_connections=2, keepalive_expiry=IDLE_SECONDS)
    transport = httpx.HTTPTransport(verify=_tls_context(), trust_env=False, limits=limits)
    # httpx 0.28 has no public option for it; the version is pinned and a test checks it.
    transport._pool._network_backend = SsrfGuardBackend(allowed_private, remaining)
    return transport


def build_httpx_client(headers: Mapping[str, str], transport: httpx.BaseTransport) -> httpx.Client:
    """Returns a client without cookies, redirects, or settings from the environment."""
    return httpx.Client(
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # no decompression bombs: limits count received bytes
            "User-Agent": "Patchbay",
            **_validate_headers(headers),
        },
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        transport=transport,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # stores and sends no cookies
        event_hooks={"response": [_detach_location_header]},
        trust_env=False,
        follow_redirects=False,
    )


_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CONNECTION_LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@dataclass
class _Call:
    """One call in progress, which is recorded even if it fails."""

    request: httpx.Request
    reads: bool
    started: float = field(default_factory=monotonic)
    status: int | None = None
    body: bytes = b""
    error: str | None = None


class PlatformHttpClient:
    """The HTTP client for one platform account, for one attempt.

    The client is restricted to one base URL, and to `more_origins` by name where a platform has
    several. It follows no redirects and reads no proxy from the environment. All its calls together
    may take `deadline_seconds`, and a write WRITE_SECONDS. `renew` is called before each call and
    while a response arrives; it raises when this attempt does not count any more
    (integrations/ledger/leases.py). Statuses are returned as they are, and network errors become
    errors of providers/base.py.
    """

    def __init__(
        self,
        origin_url: str,
        *,
        headers: Mapping[str, str],
        secrets: Sequence[str],
        record: Callable[[Exchange], None],
        allowed_private: Sequence[Network],
        deadline_seconds: float = 45,
        max_response_bytes: int = 8 * 1024 * 1024,
        transport: httpx.BaseTransport | None = None,
        more_origins: Mapping[str, str] | None = None,
        renew: Callable[[], None] = lambda: None,
    ):
        # A provider without network, such as the sandbox, gets a client without an origin.
        origins = {"": origin_url, **(more_origins or {})}
        self._bases = {name: parse_base_url(url) for name, url in origins.items() if url}
        self._record, self._renew = record, renew
        self._redactor = Redactor(secrets)
        self._deadline_seconds, self._ends_at = deadline_seconds, monotonic() + deadline_seconds
        self._call_ends_at = inf
        self._max_bytes = max_response_bytes
        self._bytes, self._values = 0, 0  # of all responses so far
        self.calls = 0
        self.last: _Call | None = None
        self.quota: RateLimit | None = None
        self._quota_at = 0.0
        transport = transport or guarded_transport(allowed_private, self._remaining)
        self._client = build_httpx_client(headers, transport)

    def __enter__(self) -> "PlatformHttpClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def hide(self, *secrets: str) -> None:
        """Redacts further values in everything that this client records."""
        self._redactor.hide(*secrets)

    def redact(self, text: str) -> str:
        return self._redactor.redact(text)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        origin: str = "",
        reads: bool | None = None,
    ) -> PlatformResponse:
        """Sends one request below the base URL, or below that of `origin`, and returns the
        response. Raises a ProviderError if there is no response. `reads` says that the request
        changes nothing, whatever its method; GET never does."""
        url = self._url(path, origin)
        self._refuse_if_spent()
        try:
            request = self._client.build_request(
                method,
                url,
                params=params,
                json=json,
                data=form,
                headers=_validate_headers(headers or {}),
            )
        except (httpx.InvalidURL, UnicodeError):
            raise _invalid_request_error(self._host) from None
        self._renew()
        self.calls += 1
        call = self.last = _Call(request, reads=method == "GET" if reads is None else reads)
        self._call_ends_at = inf if call.reads else monotonic() + WRITE_SECONDS
        try:
            return self._carry(call)
        except ProviderError as error:
            call.error = shorten_to_line(self.redact(str(error)), 1000)
            raise
        finally:
            self._record(self._exchange(call))

    def _url(self, path: str, origin: str) -> str:
        if origin not in self._bases:
            raise Refused("This integration has no address to call.")
        # A path may contain an id from a platform, which must not lead outside the base URL.
        parts = re.sub("%2e", ".", path, flags=re.IGNORECASE).split("/")
        if (
            not re.fullmatch(r"/[\w./%~+@:,;=!$&'()*-]+", path, re.ASCII)
            or {".", ".."} & {*parts}
            or len(path) > MAX_PATH_LENGTH
        ):
            raise UnexpectedResponse(f"An id leads out of the address of {self._host}.")
        return str(self._bases[origin]).rstrip("/") + path

    def _remaining(self) -> float:
        return min(self._ends_at, self._call_ends_at) - monotonic()

    def _refuse_if_spent(self) -> None:
        if self._ends_at <= monotonic():
            seconds = f"{self._deadline_seconds:g} s"
            raise Unavailable(f"{self._host} took all of the {seconds} that one attempt may take.")
        if self.calls >= MAX_CALLS:
            raise UnexpectedResponse(
                f"{self._host} led to more than {MAX_CALLS} calls in one attempt."
            )
        wait = self._quota_at + self.quota.reset_seconds - monotonic() if self.quota else 0
        if self.quota and self.quota.remaining <= 0 and wait > 0:
            raise LocalFailure(
                f"{self._host} grants no more requests for {wait:.0f} s.", retry_after=wait
            )

    @property
    def last_call(self) -> tuple[str, bool]:
        """Returns the last request as "GET https://…", and whether it only reads."""
        if self.last is None:
            return "", True
        request = self.last.request
        return f"{request.method} {self.redact(str(request.url))}", self.last.reads

    @property
    def _host(self) -> str:
        return self._bases[""].host if "" in self._bases else "nowhere"

    def _carry(self, call: _Call) -> PlatformResponse:
        url = self.redact(str(call.request.url))
        with closing(self._send(call)) as response:
            call.status = response.status_code
            self._note_quota(response.headers)
            call.body = self._read(call, response)
        if 300 <= call.status < 400:
            target = shorten_to_line(self.redact(response.extensions["location"]), 200)
            sentence = f"{url} points to {target}; enter the address that it points to."
            raise UnexpectedResponse(sentence)
        if not 200 <= call.status < 600:
            raise build_unexpected_response(
                f"{url} answered {call.status}, which is no status of HTTP.", reads=call.reads
            )
        return PlatformResponse(call.status, response.headers, call.body, call.reads, url)

    def _send(self, call: _Call) -> httpx.Response:
        """Sends the request, and sends a read once more if the peer has just closed its kept-alive
        connection."""
        for last in (not call.reads, True):
            try:
                return self._client.send(call.request, stream=True)
            except (httpx.TransportError, AddressRefused) as error:
                if last or not isinstance(error, _CONNECTION_LOST):
                    raise self._translated(call, error) from error
        raise AssertionError("unreachable")

    def _read(self, call: _Call, response: httpx.Response) -> bytes:
        host, body = call.request.url.host, bytearray()
        if response.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            sentence = f"{host} packed its answer although it was asked not to."
            raise build_unexpected_response(sentence, reads=call.reads)
        try:
            for chunk in response.iter_bytes():
                body += chunk
                self._bytes += len(chunk)
                self._values += count_values(chunk)
                self._refuse_too_much(call, len(body))
                self._renew()
        except httpx.TransportError as error:
            raise self._translated(call, error) from error
        return bytes(body)

    def _refuse_too_much(self, call: _Call, length: int) -> None:
        bounds = (
            (length, self._max_bytes, "bytes"),
            (self._bytes, MAX_BYTES, "bytes in one attempt"),
            (self._values, MAX_VALUES, "values in one attempt"),
        )
        for found, most, what in bounds:
            if found > most:
                sentence = f"{call.request.url.host} answered with more than {most} {what}."
                raise build_unexpected_response(sentence, reads=call.reads)

    def _translated(self, call: _Call, error: Exception) -> ProviderError:
        host = call.request.url.host
        if isinstance(error, AddressRefused):
            return Refused(_blocked_address_message(host, error))
        if isinstance(error, (httpx.LocalProtocolError, httpx.UnsupportedProtocol)):
            return _invalid_request_error(host)
        reason = shorten_to_line(self.redact(str(error)), 300) or type(error).__name__
        if isinstance(error, _NOT_SENT):
            kind = LocalFailure if is_local_failure(error) else Unavailable
            return kind(f"{host} could not be reached: {reason}.")
        if call.reads:
            return Unavailable(f"{host} did not answer: {reason}.")
        return OutcomeUnknown(f"{host} was asked for a change and its answer was lost: {reason}.")

    def _note_quota(self, headers: httpx.Headers) -> None:
        if quota := parse_rate_limit(headers):
            self.quota, self._quota_at = quota, monotonic()

    def _exchange(self, call: _Call) -> Exchange:
        return Exchange(
            method=call.request.method,
            url=shorten_to_line(self.redact(str(call.request.url)), MAX_PATH_LENGTH),
            status=call.status,
            duration_ms=round((monotonic() - call.started) * 1000),
            request_body=self._redactor.excerpt(call.request.content),
            response_body=self._redactor.excerpt(call.body),
            error=call.error,
        )


def _detach_location_header(response: httpx.Response) -> None:
    """Moves the Location header into `extensions`. httpx builds a request from the header even when
    it follows no redirects, and fails if the value is not a URL."""
    response.extensions["location"] = response.headers.pop("location", "nowhere")


def _invalid_request_error(host: str) -> ProviderError:
    """Returns the error for a request that could not be sent, because an id or the URL of a next
    page is too long or contains characters that HTTP does not allow."""
    return UnexpectedResponse(f"The request to {host} could not be written down as HTTP.")


def _validate_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns the headers as a dict. Raises Refused for a value that HTTP does not allow, because
    the libraries below would quote the value, a credential, in their error."""
    for name, value in headers.items():
        if not re.fullmatch(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?", value):
            raise Refused(f"The value for the header {name} has characters that HTTP cannot carry.")
    return dict(headers)


def _blocked_address_message(host: str, error: AddressRefused) -> str:
    if error.admissible:
        return (
            f"{host} leads to {error.reason}. Patchbay connects there only when the operator lists "
            "its network in PATCHBAY_ALLOWED_PRIVATE_CIDRS."
        )
    return f"{host} leads to {error.reason}, and Patchbay never connects there."
