"""The notification mails about one's own account. allauth decides when they are sent; the texts are
Patchbay's."""

from django.utils.translation import gettext_lazy as _

# Keys are the names of allauth's templates.
NOTIFICATION_TEXTS = {
    "account/email/password_changed": _("Your password was changed"),
    "account/email/password_reset": _("Your password was set anew by a link in a mail"),
    "mfa/email/totp_activated": _("An authenticator app was set up for your account"),
    "mfa/email/totp_deactivated": _("Your authenticator app was switched off"),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made for your account"),
    "mfa/email/webauthn_added": _("A passkey was added to your account"),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account"),
}
