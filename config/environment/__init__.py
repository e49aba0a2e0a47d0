"""The settings that come from the environment: declared, read and validated."""
