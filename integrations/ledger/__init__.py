"""The ledger of operations toward platforms: requested by the web, dispatched, and done by
workers."""
