"""Probes for supervisors, load balancers and alarms: whether this process responds, and whether the
installation works."""

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse

from config.web import readiness


def healthz(request: HttpRequest) -> JsonResponse:
    """Returns 200 while this web process responds. Checks nothing else, because restarting the
    process would not repair a database."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Returns 200 if everything works, else 503 with the names of what fails. `?of=web` checks only
    what a web needs to respond, so that a load balancer does not remove all webs because a worker
    is missing."""
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
    response._has_been_logged = True  # Django's mark; a log line for each probe is useless
    return response
