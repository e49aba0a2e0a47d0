"""The platforms Patchbay knows, by kind."""

from integrations.providers.base import Provider
from integrations.providers.jambonz import Jambonz
from integrations.providers.sandbox import Sandbox

PROVIDERS: dict[str, type[Provider]] = {provider.kind: provider for provider in (Sandbox, Jambonz)}
