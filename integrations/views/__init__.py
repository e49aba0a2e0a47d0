"""The web screens of integrations and of the ledger."""
