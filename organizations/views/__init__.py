"""The web screens of the organizations app."""
