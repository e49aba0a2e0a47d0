"""The figures of large organizations: asked for by pages, counted by the workers."""
