"""The second factor: encrypted in the database, required where the installation says so, and
removed by an operator when it is lost."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.accounts.sign_in.operator_actions import record_operator_action
from organizations.models import User

# Paths that are needed to enrol or to sign out, and the APIs, which have no session.
EXEMPT_PATHS = ("/accounts/", "/preferences", "/static/", "/healthz", "/readyz", "/v1/", "/api/")


class EncryptedMfaAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of authenticators. allauth calls `encrypt` and `decrypt`."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This code is mistyped, too old, or used already."),
    }

    def encrypt(self, text: str) -> str:
        return authenticator_cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return authenticator_cipher().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Returns the name of a new passkey. allauth calls the first one "master key", which is
        wrong."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(n)s") % {"n": count + 1}


def authenticator_cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.PATCHBAY_ENCRYPTION_KEYS])


def reencrypt_authenticators() -> Counter[str]:
    """Encrypts all secrets with the newest key, for `manage.py rotate_secrets`, and returns the
    counts of each result. Passkeys contain no secret of Patchbay's."""
    counts: Counter[str] = Counter()
    for row in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        fields = [name for name in ("secret", "seed") if name in row.data]
        try:
            anew = {
                name: authenticator_cipher().rotate(row.data[name].encode()).decode()
                for name in fields
            }
        except InvalidToken:
            counts["unreadable"] += 1
            continue
        unchanged = Authenticator.objects.filter(pk=row.pk, data=row.data)
        is_done = unchanged.update(data={**row.data, **anew})
        counts["rotated" if is_done else "changed meanwhile"] += 1
    return counts


class RequireSecondFactor:
    """Redirects users who must have a second factor (PATCHBAY_REQUIRE_MFA) and have none to the
    page where they enrol one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.must_have_second_factor = partial(is_second_factor_required, request.user)
        is_due = settings.REQUIRE_MFA != "off" and not request.path.startswith(EXEMPT_PATHS)
        if is_due and is_second_factor_required(request.user) and not is_mfa_enabled(request.user):
            return redirect("mfa_index")
        return self.get_response(request)


def is_second_factor_required(user: User) -> bool:
    if not user.is_authenticated or settings.REQUIRE_MFA == "off":
        return False
    return user.is_staff or settings.REQUIRE_MFA == "everybody"


@transaction.atomic
def remove_second_factor(operator: User, user: User) -> bool:
    """Removes the authenticator app, passkeys and recovery codes of a person who lost them. Returns
    False if there were none."""
    if not delete_authenticators(user):
        return False
    record_operator_action(operator, user, "second_factor_removed")
    return True


def delete_authenticators(user: User) -> int:
    return Authenticator.objects.filter(user=user).delete()[0]
