"""The admin of the organizations app. Django finds the pages by this import."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from organizations.admin import api_keys, audit_log, exports, invitations, organizations, users

__all__ = ["exports", "invitations", "api_keys", "audit_log", "organizations", "users"]

# Lockout and second factor also apply here, because the portal's sign-in is used.
admin.site.login = secure_admin_login(admin.site.login)
