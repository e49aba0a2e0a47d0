"""URLs of the two vendors' dialects below /api/, some of which both use."""

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from numbers.dialects.butter.errors import problem_response as butters_words
from numbers.dialects.butter.urls import urlpatterns as butter
from numbers.dialects.zudu.base import problem_response as zudus_words
from numbers.dialects.zudu.urls import urlpatterns as zudu
from organizations.web.api.problems import Problem

View = Callable[..., HttpResponse]


def merge_url_patterns(
    butter: Sequence[URLPattern], zudu: Sequence[URLPattern]
) -> list[URLPattern]:
    """Returns the patterns, with Zudu's fixed paths before Butter's `phone-numbers/<…>`, which
    would match them."""
    shared = {str(pattern.pattern): pattern for pattern in butter}
    first = [join_url_patterns(shared.pop(str(p.pattern), None), p) for p in zudu]
    return [p for p in first if "<" not in str(p.pattern)] + [
        *(pattern for pattern in butter if str(pattern.pattern) in shared),
        *(p for p in first if "<" in str(p.pattern)),
    ]


def join_url_patterns(butter: URLPattern | None, zudu: URLPattern) -> URLPattern:
    if butter is None:
        return zudu
    view = dispatch_by_header(butter.callback, zudu.callback)
    return path(str(zudu.pattern), view, name=f"{butter.name}+{zudu.name}")


def dispatch_by_header(butter: View, zudu: View) -> View:
    """Returns one view for two dialects: a request with X-API-SECRET is Zudu's, any other
    Butter's."""

    def choose(request: HttpRequest, **named: str) -> HttpResponse:
        view = zudu if "HTTP_X_API_SECRET" in request.META else butter
        return view(request, **named)

    choose.csrf_exempt = True  # both are, because they use no cookies
    choose.choices = (butter, zudu)
    return choose


def not_found_view(problem_response: Callable[[Problem, HttpRequest], HttpResponse]) -> View:
    """Returns a view that responds with a 404 in the format of the dialect."""
    return lambda request, **named: problem_response(Problem("not-found"), request)


urlpatterns = [
    *merge_url_patterns(butter, zudu),
    path(
        "<path:rest>",
        dispatch_by_header(not_found_view(butters_words), not_found_view(zudus_words)),
        name="nowhere",
    ),
]
