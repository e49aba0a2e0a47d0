"""The base of every API view: one path from request to response, the same for all dialects."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from organizations.access.authentication import authenticate_bearer
from organizations.access.roles import Permission
from organizations.web.api import idempotency, rate_limits
from organizations.web.api.body_parsing import parse_json_body
from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.problems import Problem, problem_response
from organizations.web.api.responses import ApiResponse, render
from organizations.web.openapi.operations import OrgSchema

Handler = Callable[..., ApiResponse]


class OrgView(APIView):
    """A view of what belongs to the caller's organization.

    A subclass lists its methods in `permissions` and has a handler for each: `get(request, …)`,
    `post`, `put`, `patch`, `delete`, each returning an ApiResponse. A handler has
    `request.principal`, `request.organization` and, unless it is `get`, the parsed body in
    `request.data`. All handlers but `get` run in one transaction, which any response other than 2xx
    rolls back.

    APIView is the base only for drf-spectacular: its own dispatch takes longer than the query.
    """

    permissions: ClassVar[dict[str, Permission]] = {}

    # Overridden by dialects.
    authenticate = staticmethod(authenticate_bearer)
    parse = staticmethod(parse_json_body)
    render = staticmethod(render)
    problem_response = staticmethod(problem_response)

    # Read by drf-spectacular.
    schema = OrgSchema()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    authentication_classes = permission_classes = throttle_classes = ()

    budget: rate_limits.RateLimitStatus | None = None

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        handlers = {m.upper() for m in cls.http_method_names if m != "options" and hasattr(cls, m)}
        if handlers != set(cls.permissions):
            raise TypeError(f"{cls.__name__}: handlers and `permissions` name different methods.")

    def dispatch(self, request: HttpRequest, *args: Any, **path: Any) -> HttpResponse:
        try:
            response = self.answer(request, path)
        except Exception as error:
            response = self.problem_response(exception_to_problem(error), request)
        if self.budget:
            for name, value in self.budget.headers.items():
                response.headers[name] = value
        return response

    def answer(self, request: HttpRequest, path: dict[str, Any]) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else request.method
        permission = self.permissions.get(method)
        if permission is None:
            raise Problem("method-not-allowed", headers={"Allow": ", ".join(self.permissions)})
        self.admit(request, permission)
        handler = getattr(self, method.lower())
        if method == "GET":
            return self.render(handler(request, **path))
        return self.change(request, handler, path)

    def admit(self, request: HttpRequest, permission: Permission) -> None:
        """Authenticates the caller and checks rate limit and permission. Raises Problem."""
        principal = request.principal = self.authenticate(request)
        request.organization = principal.organization
        self.budget = rate_limits.take_request_token(principal.id)
        if self.budget and not self.budget.allowed:
            raise self.budget.refusal()
        if permission in principal.withheld:
            raise Problem("limited-key")
        if not principal.can(permission):
            message = _("This API key lacks the permission %(name)s.")
            raise Problem("forbidden", message % {"name": permission.value})

    def change(self, request: HttpRequest, handler: Handler, path: dict[str, Any]) -> HttpResponse:
        key = idempotency.read_idempotency_key(request)
        request.data = self.parse(request)
        with transaction.atomic():
            claim = (
                idempotency.claim_idempotency_key(request, request.organization, key)
                if key
                else None
            )
            if isinstance(claim, HttpResponse):
                return claim
            reply = handler(request, **path)
            response = self.render(reply)
            if not 200 <= response.status_code < 300:
                transaction.set_rollback(True)
            elif claim:
                claim.save(self.render(reply.kept) if reply.kept else response)
        return self.finish(reply.after_commit, claim) if reply.after_commit else response

    def finish(
        self, wait: Callable[[], ApiResponse], claim: idempotency.IdempotencyClaim | None
    ) -> HttpResponse:
        """Replaces the saved response by the later one. After an error or a void response nothing
        is saved, so that the request may be repeated. Any other response outside 2xx leaves the
        saved one as it is."""
        try:
            reply = wait()
        except Exception:
            if claim:
                claim.drop()
            raise
        response = self.render(reply)
        if claim and reply.is_void:
            claim.drop()
        elif claim and 200 <= response.status_code < 300:
            claim.save(self.render(reply.kept) if reply.kept else response)
        return response
