"""The web screens of carriers and their gateways."""
