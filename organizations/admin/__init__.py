"""The admin of the organizations app; Django finds the pages by this import."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from organizations.admin import api_keys, audit_log, exports, invitations, organizations, users

__all__ = ["exports", "invitations", "api_keys", "audit_log", "organizations", "users"]

# The same door as the portal's: lock-out and second factor hold here, too.
admin.site.login = secure_admin_login(admin.site.login)
