"""The inventory of phone numbers: their operations, placements, agents and metrics."""
