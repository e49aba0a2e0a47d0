"""Web screens of carriers and their gateways."""
