"""Row-level security: which organization's rows the running code sees."""
