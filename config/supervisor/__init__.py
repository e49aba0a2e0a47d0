"""`make up`: the engines, the web, the dispatcher and the worker as children of one process."""


class SupervisorError(Exception):
    """Why Patchbay does not start or go on, in words for the person at the terminal."""
