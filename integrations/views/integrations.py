"""Screens of integrations: the list, and the page of one with its health, calls and checks."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from integrations.ledger import operation_requests
from integrations.ledger.operation_requests import IntegrationInUse
from integrations.ledger.retry import CannotRetry, check_integration_now
from integrations.models import DefaultIntegration, Integration, Operation
from integrations.providers.base import Provider
from integrations.views.health import summarize_call_health
from integrations.web import labels
from integrations.web.labels import ROLE_LABELS
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.views.base import OrgScreen
from organizations.web.views.event_labels import event_title

OPEN = Operation.Status.OPEN
MAX_ROWS_SHOWN = 10  # checks, calls, events and open operations per page


class IntegrationsScreen(OrgScreen):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        mine = Q(operations__status=OPEN, operations__organization=self.organization)
        rows = request.organization.integrations.annotate(waiting=Count("operations", filter=mine))
        rows = rows.prefetch_related("default_for").order_by("name")
        return self.page(
            "integrations/list.html", integrations=[integration_list_entry(row) for row in rows]
        )


def integration_list_entry(integration: Integration) -> dict[str, Any]:
    roles = {default.role for default in integration.default_for.all()}
    return {
        "row": integration,
        "title": labels.platform_label(integration),
        "standing": labels.integration_status(integration),
        "default_for": [label for role, label in ROLE_LABELS.items() if role in roles],
    }


class IntegrationScreen(OrgScreen):
    """Shows one integration. The page refreshes while its credentials are being checked."""

    permissions = {"GET": Permission.INTEGRATIONS_READ}

    def get(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        # Reads the checks first: if one settles meanwhile, the integration read next includes its
        # result.
        checks = list(recent_checks(request.organization, integration_id))
        integration = request.organization.integrations.get(pk=integration_id)
        context = {
            "integration": integration,
            "standing": labels.integration_status(integration),
            "check": next((check for check in checks if check.status == OPEN), None),
        }
        if request.htmx:
            return self.live(context)
        more = {**self.account(integration), **self.ledger(integration)}
        return self.page("integrations/one.html", checks=checks, **context, **more)

    def live(self, context: dict[str, Any]) -> HttpResponse:
        """Returns the refreshed check, or reloads the page once the check has settled, because much
        of the page may have changed."""
        if context["check"] is None:
            return HttpResponseClientRefresh()
        return self.page("integrations/_check.html", **context)

    def account(self, integration: Integration) -> dict[str, Any]:
        provider = labels.find_provider_class(integration)
        return {
            "title": labels.platform_label(integration),
            "account": labels.account_display_fields(integration),
            "facts": labels.fact_display_rows(integration),
            "roles": self.roles(integration, provider) if provider else [],
            "provider": provider,
        }

    def roles(self, integration: Integration, provider: type[Provider]) -> list[dict[str, Any]]:
        """Returns the roles for which the integration can be the default, with the present default
        of each."""
        rows = self.organization.default_integrations.select_related("integration")
        present = {row.role: row.integration for row in rows}
        return [
            {"role": role, "label": label, "present": present.get(role)}
            for role, label in ROLE_LABELS.items()
            if role in provider.roles
        ]

    def ledger(self, integration: Integration) -> dict[str, Any]:
        own = {"organization": self.organization}
        waiting = integration.operations.filter(status=OPEN, **own).order_by("-created_at")
        events = self.organization.events.filter(
            subject_kind="integration", subject_id=integration.pk
        )
        may_know = self.principal.can(Permission.EVENTS_READ)
        return {
            "waiting": list(waiting[: MAX_ROWS_SHOWN + 1]),
            "most": MAX_ROWS_SHOWN,
            "calls": list(integration.calls.filter(**own).order_by("-id")[:MAX_ROWS_SHOWN]),
            "health": summarize_call_health(integration),
            "events": [
                (event, event_title(event)) for event in events.order_by("-id")[:MAX_ROWS_SHOWN]
            ]
            if may_know
            else [],
            **integration_usage(self.organization, integration),
        }


def recent_checks(organization: Organization, integration_id: UUID) -> Any:
    """Returns the newest checks. An open check comes first, because it is always the newest."""
    mine = organization.operations.filter(subject_kind="integration", subject_id=integration_id)
    return mine.order_by("-created_at")[:MAX_ROWS_SHOWN]


def integration_usage(organization: Any, integration: Integration) -> dict[str, Any]:
    """Returns the organization's carriers, at most 100, and the number of its placements on the
    integration."""
    carriers = organization.carriers.filter(integration=integration).exclude(status="deleted")
    present = organization.placements.filter(integration=integration).exclude(state="removed")
    return {"carriers": list(carriers.order_by("name")[:100]), "numbers_here": present.count()}


class CheckIntegrationScreen(OrgScreen):
    permissions = {"POST": Permission.INTEGRATIONS_UPDATE}

    def post(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        try:
            check_integration_now(request.principal, integration)
        except CannotRetry as error:
            self.warn(str(error))
        return self.go("integration", integration_id=integration_id)


class DefaultIntegrationScreen(OrgScreen):
    """Makes the integration the default for a role, or clears the default (`clear`)."""

    permissions = {"POST": Permission.INTEGRATIONS_UPDATE}

    def post(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        role = request.POST.get("role", "")
        change = self.clear if "clear" in request.POST else self.make
        if role in ROLE_LABELS:
            change(integration, role)
        return self.go("integration", integration_id=integration_id)

    def make(self, integration: Integration, role: str) -> None:
        try:
            operation_requests.set_default_integration(self.principal, integration, role=role)
        except ValidationError as error:
            self.warn(error.messages[0])
        else:
            said = _("%(name)s is the default for %(role)s now. What exists stays where it is.")
            self.say(said % {"name": integration.name, "role": ROLE_LABELS[role]})

    def clear(self, integration: Integration, role: str) -> None:
        """Clears the default for the role only if this integration is the default, so that an
        outdated page does not clear another one."""
        if not integration.default_for.filter(role=role).exists():
            return
        try:
            operation_requests.clear_default_integration(self.principal, role=role)
        except DefaultIntegration.DoesNotExist:
            return
        said = _("There is no default for %(role)s now; an integration has to be named.")
        self.say(said % {"role": ROLE_LABELS[role]})


class DisconnectIntegrationScreen(OrgScreen):
    """Shows what would be deleted and what prevents it, and disconnects the integration."""

    permissions = {"GET": Permission.INTEGRATIONS_DELETE, "POST": Permission.INTEGRATIONS_DELETE}

    def get(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        return self.asked(request.organization.integrations.get(pk=integration_id))

    def asked(self, integration: Integration, in_the_way: str = "") -> HttpResponse:
        context = {
            **integration_usage(self.organization, integration),
            "integration": integration,
            "title": labels.platform_label(integration),
            "default_for": integration_list_entry(integration)["default_for"],
            "in_the_way": in_the_way,
        }
        status = 409 if in_the_way else 200
        return self.page("integrations/disconnect.html", status, **context)

    def post(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        try:
            operation_requests.disconnect_integration(request.principal, integration)
        except IntegrationInUse as error:
            integration = request.organization.integrations.get(pk=integration_id)
            return self.asked(integration, str(error))
        self.say(_("%(name)s is disconnected.") % {"name": integration.name})
        return self.go("integrations")
