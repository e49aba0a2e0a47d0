"""The provider classes of all supported platforms, by kind."""

from integrations.providers.base import Provider
from integrations.providers.jambonz import Jambonz
from integrations.providers.livekit import LiveKit
from integrations.providers.sandbox import Sandbox
from integrations.providers.twilio import Twilio

PROVIDERS: dict[str, type[Provider]] = {
    provider.kind: provider for provider in (Sandbox, Jambonz, LiveKit, Twilio)
}
