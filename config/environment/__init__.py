"""Settings from the environment: declaration, reading and validation."""
