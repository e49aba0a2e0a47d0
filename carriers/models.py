"""Models of carriers, which supply numbers over SIP, and of their gateways."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.connections import encryption
from integrations.models import Integration
from organizations.models import Organization, User
from organizations.text.fields import ModelText


class Carrier(models.Model):
    """A supplier of numbers on one integration. `released_at` is set once the carrier has been
    removed from the platform."""

    class TrunkType(models.TextChoices):
        STATIC_IP = "static_ip", _("static IP: the carrier knows the platform by its address")
        AUTH = "auth", _("auth: inbound calls show user name and password")
        REG = "reg", _("reg: the platform registers with the carrier")

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        ACTIVE = "active", _("active")
        FAILED = "failed", _("failed")
        DELETED = "deleted", _("deleted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    voip_carrier_sid = models.UUIDField(
        _("carrier sid"), unique=True, default=uuid.uuid4, editable=False
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="carriers", verbose_name=_("organization")
    )
    integration = models.ForeignKey(
        Integration, models.PROTECT, related_name="carriers", verbose_name=_("integration")
    )
    name = ModelText(_("name"), max_length=100)
    trunk_type = models.CharField(
        _("trunk type"), max_length=10, choices=TrunkType.choices, default=TrunkType.STATIC_IP
    )
    registration = models.JSONField(
        _("registration"), null=True, blank=True
    )  # without the password
    inbound_auth = models.JSONField(
        _("inbound authentication"), null=True, blank=True
    )  # without the password
    sealed = models.TextField(default="", editable=False)  # {"password": …}
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PENDING
    )
    error_message = models.TextField(_("error message"), null=True, blank=True)  # noqa: DJ001  null in the API
    is_default = models.BooleanField(_("default of the organization"), default=False)
    is_installation_default = models.BooleanField(_("default of the installation"), default=False)
    refs = models.JSONField(_("platform ids"), default=dict, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    released_at = models.DateTimeField(
        _("gone from the platform at"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "active", "failed", "deleted"]),
                name="carrier_status",
            ),
            models.CheckConstraint(
                condition=Q(trunk_type__in=["static_ip", "auth", "reg"]), name="carrier_trunk_type"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(status="deleted"), name="carrier_released"
            ),
            models.CheckConstraint(
                condition=~Q(status="deleted") | Q(is_default=False, is_installation_default=False),
                name="carrier_default_lives",
            ),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(is_default=True), name="carrier_one_default"
            ),
            models.UniqueConstraint(
                fields=["is_installation_default"],
                condition=Q(is_installation_default=True),
                name="carrier_one_installation_default",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at", "-id"],
                name="carrier_newest",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def marker(self) -> str:
        """Returns the name by which the carrier is found on its platform."""
        return f"pb-{self.id.hex}"

    @property
    def secrets_place(self) -> str:
        return encryption.encryption_context("carrier", self.id, "sealed")

    def password(self) -> str:
        """Returns the password of the registration or the inbound authentication, or "" if there is
        none."""
        return encryption.decrypt_values(self.sealed, place=self.secrets_place).get("password", "")

    def keep_password(self, password: str) -> None:
        self.sealed = (
            encryption.encrypt_values({"password": password}, place=self.secrets_place)
            if password
            else ""
        )


class SipGateway(models.Model):
    """One address of a carrier. `id` is TopCalls' sip_gateway_sid."""

    class Protocol(models.TextChoices):
        UDP = "udp", "UDP"
        TCP = "tcp", "TCP"
        TLS = "tls", "TLS"
        TLS_SRTP = "tls/srtp", "TLS/SRTP"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="sip_gateways", verbose_name=_("organization")
    )
    carrier = models.ForeignKey(
        Carrier, models.CASCADE, related_name="gateways", verbose_name=_("carrier")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    ipv4 = ModelText(
        _("address"), max_length=128, help_text=_("IPv4 address; a host name only when outbound.")
    )
    port = models.PositiveIntegerField(_("port"), default=5060)
    netmask = models.PositiveSmallIntegerField(_("netmask"), default=32)
    inbound = models.BooleanField(_("inbound"), default=True)
    outbound = models.BooleanField(_("outbound"), default=True)
    protocol = models.CharField(
        _("protocol"), max_length=10, choices=Protocol.choices, default=Protocol.UDP
    )

    class Meta:
        verbose_name = _("SIP gateway")
        verbose_name_plural = _("SIP gateways")
        constraints = [
            models.CheckConstraint(
                condition=Q(port__gte=1, port__lte=65535), name="sip_gateway_port"
            ),
            models.CheckConstraint(
                condition=Q(netmask__gte=1, netmask__lte=32), name="sip_gateway_netmask"
            ),
            models.CheckConstraint(
                condition=Q(inbound=True) | Q(outbound=True), name="sip_gateway_direction"
            ),
            models.CheckConstraint(
                condition=Q(protocol__in=["udp", "tcp", "tls", "tls/srtp"]),
                name="sip_gateway_protocol",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ipv4}:{self.port}"
