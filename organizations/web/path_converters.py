"""A path converter for UUIDs, for the URLs of all apps."""

from django.urls import register_converter
from django.urls.converters import UUIDConverter


class AnyCaseUuidConverter(UUIDConverter):
    """Accepts a UUID in lower or upper case, as RFC 9562 requires; Django's own converter accepts
    only lower case. Links are in lower case."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


register_converter(AnyCaseUuidConverter, "UUID")
