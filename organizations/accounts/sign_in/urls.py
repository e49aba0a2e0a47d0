"""The pages of django-allauth that Patchbay supports. The names of other pages lead to 404, because
allauth links to some of them."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from django.apps import apps
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.generic import TemplateView

from organizations.accounts.sign_in.session_views import sessions_page


def raise_not_found(request: HttpRequest, **path) -> HttpResponse:
    raise Http404


def require_mail_server(view):
    """Returns the view, or without a mail server a page that says whom to ask, because nobody could
    be sent a mail."""
    ask = TemplateView.as_view(template_name="account/ask_operator.html", http_method_names=["get"])

    def chosen(request: HttpRequest, **path) -> HttpResponse:
        return (view if settings.CAN_MAIL else ask)(request, **path)

    return chosen


def openid_connect_patterns() -> list[URLPattern]:
    """Returns the provider's pages, or no patterns if no provider is configured, because the code
    takes memory in each process."""
    if not apps.is_installed("allauth.socialaccount.providers.openid_connect"):
        return []
    from allauth.socialaccount.providers.openid_connect import views

    from organizations.accounts.sign_in.oidc import handle_unreachable_provider

    login, callback = map(handle_unreachable_provider, (views.login, views.callback))
    return [
        path("oidc/<str:provider_id>/login/", login, name="openid_connect_login"),
        path("oidc/<str:provider_id>/login/callback/", callback, name="openid_connect_callback"),
    ]


no_password_page = TemplateView.as_view(template_name="account/no_password.html")

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("sessions/", sessions_page, name="sessions"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", no_password_page, name="account_set_password"),
    path(
        "password/reset/",
        require_mail_server(account.password_reset),
        name="account_reset_password",
    ),
    path(
        "password/reset/done/",
        require_mail_server(account.password_reset_done),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", mfa.index, name="mfa_index"),
    path("2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "2fa/codes/generate/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/codes/download/",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("2fa/passkeys/", passkeys.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("2fa/passkeys/login/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path(
        "2fa/passkeys/reauthenticate/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("2fa/passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("2fa/passkeys/<int:pk>/edit/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    *openid_connect_patterns(),
    path("oidc/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    *(
        path(f"none/{name}/", raise_not_found, name=name)
        for name in (
            "account_signup",
            "account_email",
            "account_email_verification_sent",
            "account_confirm_login_code",
            "socialaccount_signup",
            "socialaccount_connections",
            "socialaccount_login_error",
        )
    ),
]
