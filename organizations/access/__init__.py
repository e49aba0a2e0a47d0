"""Who may do what: roles, principals, API keys and quotas."""
