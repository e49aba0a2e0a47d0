"""UUIDs in paths, for the addresses of all apps."""

from django.urls import register_converter
from django.urls.converters import UUIDConverter


class AnyCaseUuidConverter(UUIDConverter):
    """A UUID in lower or upper case, as RFC 9562 asks of readers; Django's own converter takes
    lower case only. Links are made in lower case."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


register_converter(AnyCaseUuidConverter, "UUID")
