"""Serializers that describe operations and platform calls in the OpenAPI documents."""

from rest_framework import serializers

from integrations.models import Operation
from organizations.web.api.fields import Char, Choice, StrictSerializer, Uuid


class LedgerEntryShape(StrictSerializer):
    id = Uuid()
    wish = Choice(Operation.Wish.choices)
    subject_kind = Char()
    subject_id = Uuid()
    subject = Char(help_text="In words.")
    status = Choice(Operation.Status.choices)
    outcome = Char(
        allow_null=True, help_text="Of the last attempt: done, refused, unavailable, unknown."
    )
    reason = Char(allow_null=True)
    waits_for = Char(allow_null=True, help_text="Why it is not attempted now.")
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    integration_id = Char(allow_null=True, help_text="Null when it is the installation's.")
    asked_by = Char()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class PlatformCallShape(StrictSerializer):
    at = serializers.DateTimeField()
    attempt = serializers.IntegerField()
    method = Char()
    url = Char()
    status = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField()
    error = Char(allow_null=True)
    request_body = Char()
    response_body = Char()
