"""The inventory of phone numbers: operations, placements, agents, provisioning and metrics."""
