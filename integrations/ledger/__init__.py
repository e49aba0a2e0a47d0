"""The ledger of operations on platforms, which interfaces request, the dispatcher publishes and
workers run."""
