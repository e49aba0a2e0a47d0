"""The admin of the numbers app; Django finds the pages by this import."""

from numbers.admin import (
    agent,
    bulk_job,
    column_mapping,
    metric_count,
    number_pool,
    phone_number,
    saved_view,
)

__all__ = [
    "agent",
    "bulk_job",
    "metric_count",
    "column_mapping",
    "phone_number",
    "number_pool",
    "saved_view",
]
