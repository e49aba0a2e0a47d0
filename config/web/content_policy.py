"""What browsers may load and run on the pages (Content-Security-Policy)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

STRICT_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The admin's theme evaluates attributes (Alpine) and has inline styles; Swagger starts with an
# inline script.
ADMIN_POLICY = {
    **STRICT_POLICY,
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
}
POLICIES_BY_PATH = {"/admin/": ADMIN_POLICY, "/v1/docs": ADMIN_POLICY}


def content_security_policy(path: str) -> str:
    policy = next(
        (p for prefix, p in POLICIES_BY_PATH.items() if path.startswith(prefix)), STRICT_POLICY
    )
    return "; ".join(f"{name} {value}" for name, value in policy.items())


class ContentSecurityPolicyMiddleware:
    """Sets one policy for all pages, without inline code or eval, except for the two above."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy", content_security_policy(request.path)
        )
        return response
