"""Web screens of numbers, agents, imports and bulk changes, and the dashboard."""
