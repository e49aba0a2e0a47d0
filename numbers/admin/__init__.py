"""The admin pages of the numbers app. Importing them here registers them with Django."""

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
