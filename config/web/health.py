"""For supervisors, load balancers and alarms: does this process answer, and does the installation
work?"""

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse

from config.web import readiness


def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as this web process answers. It asks nobody else: to start it anew would mend no
    database."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything works, else 503 with the names of what fails. `?of=web` asks only for
    what a web needs to answer: a load balancer shall not take away all webs because a worker is
    missing."""
    report = readiness.readiness_cache.now()
    if request.GET.get("of") == "web":
        report = report.of(readiness.WEB_CHECKS)
    failing = report.failing
    told = {
        "status": "not ready" if failing else "ready",
        "at": report.at.isoformat(timespec="milliseconds"),
        "failing": failing,
        "checks": [asdict(check) for check in report.checks],
    }
    headers = {"Cache-Control": "no-store"}
    response = JsonResponse(told, status=503 if failing else 200, headers=headers)
    response._has_been_logged = True  # Django's mark: a line for each probe helps nobody
    return response
