"""Phone numbers, their presence on platforms, agents, batches of changes, saved views, number
pools, and what the columns of imported files mean."""

from numbers.models.batch import Batch, BatchRow
from numbers.models.figure_count import FigureCount
from numbers.models.mapping import ColumnMapping
from numbers.models.number import AGENT_ID, Agent, PhoneNumber, Placement, line
from numbers.models.pool import NumberPool, PooledNumber
from numbers.models.view import SavedView

__all__ = [
    "AGENT_ID",
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
    "line",
]
