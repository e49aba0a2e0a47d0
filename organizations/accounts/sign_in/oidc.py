"""Sign-in through the one OpenID Connect provider. The account is the one with the same verified
e-mail."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from organizations.accounts.email_verification import mark_verified
from organizations.accounts.invitations import has_open_invitation
from organizations.models import User
from organizations.text.rules import sanitize_line

if TYPE_CHECKING:  # requests takes 4 MB of each process, and most installations never use it
    from requests import Response, Session

logger = logging.getLogger("organizations.accounts.sign_in")
MAX_LOGGED_CHARACTERS = 200  # characters of foreign text that are logged


class SingleProviderAdapter(DefaultSocialAccountAdapter):
    """The adapter for the one provider. It never links an identity to an account: the e-mail that
    the provider reports as verified decides each sign-in. A link would outlive a change of the
    e-mail."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        email = verified_email(sociallogin.email_addresses)
        if sociallogin.state.get("process") != "login" or email is None:
            raise refused_sign_in_response(request, "unverified", sociallogin)
        if not all(spelling.isascii() for spelling in (email, *unnormalized_emails(sociallogin))):
            raise refused_sign_in_response(request, "letters", sociallogin)
        user = User.objects.with_email(email) or create_invited_user(email, sociallogin)
        if user is None:
            raise refused_sign_in_response(request, "unknown", sociallogin)
        mark_verified(user)
        sociallogin.user = user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Logs the reason, because the page refers people to an operator."""
        if error == AuthError.CANCELLED:
            return
        if (extra_context or {}).get("state"):
            reason = (
                describe_oidc_failure(request, exception)
                if exception
                else oidc_error_parameters(request)
            )
            logger.error("Signing in by OpenID Connect failed: %s", reason)
        else:  # anybody may open this URL, with any text in it
            logger.warning("A sign-in by OpenID Connect came back to a browser that awaits none")

    def get_requests_session(self) -> "Session":
        session = super().get_requests_session()
        session.hooks["response"].append(self.note)
        return session

    def note(self, answer: "Response", **how: Any) -> None:
        """Notes what may be logged of a response. The body may contain tokens."""
        kind = answer.headers.get("Content-Type", "")[:MAX_LOGGED_CHARACTERS]
        place = urlsplit(answer.url).path
        self.request.provider_said = f"{answer.status_code} of type {kind!r} at {place!r}"


def describe_oidc_failure(request: HttpRequest, exception: Exception) -> str:
    """Returns the reason without the exception's text, which contains the provider's whole
    response."""
    names = [type(one).__name__ for one in (exception, exception.__cause__) if one]
    last = getattr(request, "provider_said", "nothing")
    return f"{' by '.join(names)}; the provider last answered {last}"


def oidc_error_parameters(request: HttpRequest) -> str:
    told = [(name, request.GET.get(name)) for name in ("error", "error_description")]
    return (
        ", ".join(f"{name} {text[:MAX_LOGGED_CHARACTERS]!r}" for name, text in told if text)
        or "no code came"
    )


def handle_unreachable_provider(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wraps a view of allauth that asks the provider for its endpoints, and answers 503 if the
    provider is unreachable."""
    from requests import RequestException

    def reached(request: HttpRequest, **path: str) -> HttpResponse:
        try:
            return view(request, **path)
        except RequestException as error:
            logger.error("The OpenID Connect provider was not reached: %s", error)
            return render(request, "socialaccount/authentication_error.html", status=503)

    return reached


def verified_email(addresses: list[EmailAddress]) -> str | None:
    """Returns the e-mail that the provider reports as verified, else None. Only `true` counts:
    "yes" or 1 may be anybody's claim."""
    return next((one.email for one in addresses if one.email and one.verified is True), None)


def unnormalized_emails(sociallogin: SocialLogin) -> list[str]:
    """Returns the e-mail as the provider spelled it. allauth lowercases it, which turns the Kelvin
    sign into a k."""
    said = sociallogin.account.extra_data
    places = (said, said.get("userinfo") or {}, said.get("id_token") or {})
    return [str(place.get("email") or "") for place in places]


def create_invited_user(email: str, sociallogin: SocialLogin) -> User | None:
    """Creates an account without a password if somebody has invited this e-mail, else returns None.
    The person still accepts the invitation by its link."""
    if not has_open_invitation(email):
        return None
    name = (sociallogin.account.extra_data.get("userinfo") or {}).get("name") or ""
    logger.info("A new account for %s, who was invited and came by OpenID Connect", email)
    return User.objects.create_user(email, None, name=sanitize_line(str(name)[:150]))


def refused_sign_in_response(
    request: HttpRequest, reason: str, sociallogin: SocialLogin
) -> ImmediateHttpResponse:
    said = next((one.email for one in sociallogin.email_addresses), "")
    words = {"reason": reason, "email": said, "next": sociallogin.state.get("next")}
    return ImmediateHttpResponse(render(request, "socialaccount/refused.html", words, status=403))
