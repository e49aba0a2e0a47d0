"""`make up`, which runs the engines, the web, the dispatcher and the worker as child processes."""


class SupervisorError(Exception):
    """Says to the user at the terminal why Patchbay does not start or continue."""
