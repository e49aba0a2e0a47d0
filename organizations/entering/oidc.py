"""Signing in by the one OpenID Connect provider: the account is the one with the same verified
e-mail."""

import logging

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest
from django.shortcuts import render

from organizations.entering.ownership import proven
from organizations.invitations import is_awaited
from organizations.models import User

logger = logging.getLogger("organizations.entering")


class OneProvider(DefaultSocialAccountAdapter):
    """No identity is ever linked to an account: each sign-in is decided by the e-mail that the
    provider says is verified, now. A link would outlive a change of it."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        email = verified_email(sociallogin.email_addresses)
        if sociallogin.state.get("process") != "login" or email is None:
            raise refusal(request, "unverified")
        if not all(spelling.isascii() for spelling in (email, *as_said(sociallogin))):
            raise refusal(request, "letters")
        user = User.objects.with_email(email) or invited(email, sociallogin)
        if user is None:
            raise refusal(request, "unknown")
        proven(user)
        sociallogin.user = user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False


def verified_email(addresses: list[EmailAddress]) -> str | None:
    """Only what the provider calls verified in so many words: "yes" or 1 may be anybody's claim."""
    return next((one.email for one in addresses if one.email and one.verified is True), None)


def as_said(sociallogin: SocialLogin) -> list[str]:
    """The e-mail as the provider spelled it: allauth lowers it, and the Kelvin sign is a k then."""
    said = sociallogin.account.extra_data
    places = (said, said.get("userinfo") or {}, said.get("id_token") or {})
    return [str(place.get("email") or "") for place in places]


def invited(email: str, sociallogin: SocialLogin) -> User | None:
    """A new account, without a password, for whom somebody waits. They still accept by the link."""
    if not is_awaited(email):
        return None
    name = (sociallogin.account.extra_data.get("userinfo") or {}).get("name") or ""
    logger.info("A new account for %s, who was invited and came by OpenID Connect", email)
    return User.objects.create_user(email, None, name=str(name)[:150])


def refusal(request: HttpRequest, reason: str) -> ImmediateHttpResponse:
    page = render(request, "socialaccount/refused.html", {"reason": reason}, status=403)
    return ImmediateHttpResponse(page)
