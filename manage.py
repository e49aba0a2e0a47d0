#!/usr/bin/env python
"""Django's command line."""

import os
import sys

import config  # noqa: F401  first of all: it makes the folder `numbers` importable


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.commands import Commands
    from organizations import sight

    with sight.everything():  # commands are for whoever runs the installation
        Commands(sys.argv).execute()


if __name__ == "__main__":
    main()
