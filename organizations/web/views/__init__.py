"""The base of every staff view."""
