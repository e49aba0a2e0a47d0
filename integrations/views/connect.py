"""Screens that connect a platform, correct refused accounts, change accounts and rotate secrets."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from integrations.connections.encryption import DecryptionError
from integrations.ledger import operation_requests
from integrations.models import Integration
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.views.forms import AccountForm, ChangeAccountForm, ConnectAccountForm, SecretsForm
from integrations.web import labels
from organizations.access.roles import Permission
from organizations.web.views.base import OrgScreen

TYPED_ACCOUNT_KEY = (
    "integration_typed"  # session key of the last entered values without secrets, for correction
)


class ChoosePlatformScreen(OrgScreen):
    """Shows the platforms with their descriptions."""

    permissions = {"GET": Permission.INTEGRATIONS_CREATE}

    def get(self, request: HttpRequest) -> HttpResponse:
        kinds = [
            {"provider": provider, "about": provider.about and _(provider.about)}
            | {
                "abilities": labels.platform_abilities(provider),
                "needs": required_field_labels(provider),
            }
            for provider in PROVIDERS.values()
        ]
        return self.page("integrations/add.html", kinds=kinds)


def required_field_labels(provider: type[Provider]) -> str:
    return ", ".join(_(field.label) for field in provider.fields if field.required)


class AccountScreen(OrgScreen):
    """The base of screens with a form about one platform's account. The result of the check appears
    on the integration's page, so this page does not wait for it."""

    def drawn(self, form: AccountForm, status: int = 200, **context: Any) -> HttpResponse:
        return self.page("integrations/form.html", status, form=form, **context)

    def connected(
        self, form: ConnectAccountForm, provider: type[Provider], *, only_new: bool
    ) -> Integration | None:
        """Connects the account and returns the integration, or None if the form has errors."""
        if not form.is_valid():
            return None
        roles = form.cleaned_data["default_for"]
        try:
            made, _check = operation_requests.connect_integration(
                self.principal,
                kind=provider.kind,
                name=form.cleaned_data["name"],
                account=form.account,
                only_new=only_new,
                default_for=roles,
            )
        except ValidationError as error:
            form.tell(error)
        else:
            self.remember(made, provider, form.account, roles)
            return made
        return None

    def remember(
        self, made: Integration, provider: type[Provider], account: Mapping[str, str], roles: list
    ) -> None:
        """Stores the entered values except secrets in the session, because a refused account is not
        stored and nobody should have to enter it twice."""
        plain = {f.name: account.get(f.name, "") for f in provider.fields if not f.secret}
        typed = {"id": str(made.pk), "account": plain, "roles": roles}
        self.request.session[TYPED_ACCOUNT_KEY] = typed


class ConnectPlatformScreen(AccountScreen):
    permissions = {"GET": Permission.INTEGRATIONS_CREATE, "POST": Permission.INTEGRATIONS_CREATE}

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        return self.shown(get_provider_or_404(kind))

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        provider = get_provider_or_404(kind)
        form = ConnectAccountForm(request.POST, provider=provider, known={}, roles=())
        made = self.connected(form, provider, only_new=True)
        if made is None:
            return self.shown(provider, form, 422)
        return self.go("integration", integration_id=made.pk)

    def shown(
        self, provider: type[Provider], form: AccountForm | None = None, status: int = 200
    ) -> HttpResponse:
        taken = self.organization.default_integrations.values_list("role", flat=True)
        free = provider.roles - set(taken) if form is None else ()
        form = form or ConnectAccountForm(provider=provider, known={}, roles=free)
        about = provider.about and _(provider.about)
        return self.drawn(form, status, provider=provider, about=about)


def get_provider_or_404(kind: str) -> type[Provider]:
    if kind not in PROVIDERS:
        raise Http404
    return PROVIDERS[kind]


class EditIntegrationScreen(AccountScreen):
    """Changes a connected account, or connects one that was never accepted again."""

    permissions = {"GET": Permission.INTEGRATIONS_UPDATE, "POST": Permission.INTEGRATIONS_UPDATE}

    def get(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        return self.shown(integration, self.form(integration))

    def post(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        form = self.form(integration, request.POST)
        if isinstance(form, ConnectAccountForm):
            is_done = self.connected(form, get_provider_or_404(integration.kind), only_new=False)
        else:
            is_done = form.is_valid() and save_integration_change(
                self, form, integration, **form.wished()
            )
        if not is_done:
            return self.shown(integration, form, 422)
        return self.go("integration", integration_id=integration_id)

    def form(self, integration: Integration, data: Any = None) -> AccountForm:
        provider = get_provider_or_404(integration.kind)
        if integration.sealed:
            return ChangeAccountForm(data, provider=provider, integration=integration)
        known, roles = self.typed(integration, provider)
        return ConnectAccountForm(
            data, provider=provider, known=known, roles=roles, named=integration.name
        )

    def typed(
        self, integration: Integration, provider: type[Provider]
    ) -> tuple[Mapping[str, str], list[str]]:
        typed = self.request.session.get(TYPED_ACCOUNT_KEY) or {}
        if typed.get("id") == str(integration.pk):
            return typed["account"], typed["roles"]
        try:
            known = integration.candidate_account() if integration.candidate else {}
        except DecryptionError:
            known = {}
        secret = {field.name for field in provider.fields if field.secret}
        return {name: value for name, value in known.items() if name not in secret}, []

    def shown(self, integration: Integration, form: AccountForm, status: int = 200) -> HttpResponse:
        return self.drawn(
            form,
            status,
            integration=integration,
            provider=get_provider_or_404(integration.kind),
            standing=labels.integration_status(integration),
        )


class CredentialsScreen(AccountScreen):
    """Replaces the secrets. The present ones stay in use until the platform accepts the new
    ones."""

    permissions = {"GET": Permission.INTEGRATIONS_UPDATE, "POST": Permission.INTEGRATIONS_UPDATE}

    def get(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        if not integration.sealed:
            return self.go("integration_edit", integration_id=integration_id)
        form = SecretsForm(provider=get_provider_or_404(integration.kind))
        return self.shown(integration, form)

    def post(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        integration = request.organization.integrations.get(pk=integration_id)
        form = SecretsForm(request.POST, provider=get_provider_or_404(integration.kind))
        if not (
            form.is_valid()
            and save_integration_change(self, form, integration, account=form.wished())
        ):
            return self.shown(integration, form, 422)
        return self.go("integration", integration_id=integration_id)

    def shown(self, integration: Integration, form: AccountForm, status: int = 200) -> HttpResponse:
        provider = get_provider_or_404(integration.kind)
        context = {"integration": integration, "provider": provider, "rotates": True}
        return self.drawn(form, status, **context)


def save_integration_change(
    screen: OrgScreen, form: AccountForm, integration: Integration, **wished: Any
) -> bool:
    """Changes the integration. Returns False if the form has errors."""
    try:
        _changed, check = operation_requests.change_integration(
            screen.principal, integration, **wished
        )
    except ValidationError as error:
        form.tell(error)
        return False
    if check is None:
        screen.say(_("Saved."))
    return True
