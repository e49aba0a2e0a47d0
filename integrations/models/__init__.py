"""Models of integrations: connections to platforms, the ledger of operations, and the log of
platform calls."""

from integrations.models.attempt_count import AttemptCount
from integrations.models.integration import DefaultIntegration, Integration
from integrations.models.key_proof import KeyProof
from integrations.models.leadership import Leadership
from integrations.models.operation import Operation
from integrations.models.platform_call import ProviderCall
from integrations.models.process import Process
from integrations.models.sandbox_object import SandboxObject
from integrations.models.sweep import Sweep

__all__ = [
    "AttemptCount",
    "KeyProof",
    "Sweep",
    "DefaultIntegration",
    "Integration",
    "Leadership",
    "Operation",
    "Process",
    "ProviderCall",
    "SandboxObject",
]
