"""The second factor: sealed in the database, demanded where the installation says so, and taken
away by an operator when it is lost."""

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

# What one needs to enrol, or to leave; the programs' doors know no session.
EXEMPT_PATHS = ("/accounts/", "/preferences", "/static/", "/healthz", "/readyz", "/v1/", "/api/")


class EncryptedMfaAdapter(DefaultMFAAdapter):
    """allauth keeps the secrets of authenticators by `encrypt` and `decrypt`."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("This code is mistyped, too old, or used already."),
    }

    def encrypt(self, text: str) -> str:
        return authenticator_cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return authenticator_cipher().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """allauth calls the first a master key, which it is not."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(n)s") % {"n": count + 1}


def authenticator_cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.PATCHBAY_ENCRYPTION_KEYS])


def reencrypt_authenticators() -> Counter[str]:
    """Under the newest key; for `manage.py rotate_secrets`. Passkeys hold no secret of ours."""
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
    """Whoever must have a second factor (PATCHBAY_REQUIRE_MFA) and has none enrols one first."""

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
    """Authenticator app, passkeys and recovery codes, of somebody who lost them. False when there
    was none."""
    if not delete_authenticators(user):
        return False
    record_operator_action(operator, user, "second_factor_removed")
    return True


def delete_authenticators(user: User) -> int:
    return Authenticator.objects.filter(user=user).delete()[0]
