"""Models of phone numbers, placements on platforms, agents, bulk jobs, saved views, number pools,
column mappings of imported files, and metric counts."""

from numbers.models.agent import AGENT_ID_VALIDATOR, Agent
from numbers.models.bulk_job import Batch, BatchRow
from numbers.models.column_mapping import ColumnMapping
from numbers.models.metric_count import FigureCount
from numbers.models.number_pool import NumberPool, PooledNumber
from numbers.models.phone_number import PhoneNumber, canonical_e164_expression
from numbers.models.placement import Placement
from numbers.models.saved_view import SavedView

__all__ = [
    "AGENT_ID_VALIDATOR",
    "Agent",
    "Batch",
    "BatchRow",
    "ColumnMapping",
    "FigureCount",
    "NumberPool",
    "PhoneNumber",
    "Placement",
    "PooledNumber",
    "SavedView",
    "canonical_e164_expression",
]
