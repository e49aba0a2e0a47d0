"""Sign-in by e-mail that does the same work for every address, whether an account exists or not."""

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress

from organizations.models import User


class EmailBackend(AuthenticationBackend):
    """Replaces allauth's backend, which makes fewer queries if the address is verified, and hashes
    the password once for each account that it finds."""

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        """Returns the user if the password is right, else None. Makes two queries and one hash in
        either case; allauth hashes in vain if no account exists."""
        addresses = EmailAddress.objects.filter(email=email.lower()).select_related("user")
        address = addresses.order_by("-verified", "pk").first()
        user = User.objects.with_email(email)
        return self._check_password(address.user if address else user, password)
