"""The web screens, and the base of every one of them."""
