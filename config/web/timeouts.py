"""The timeout of waiting for a client."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Step = TypeVar("Step")


class CumulativeTimeout:
    """Adds up several waits. The time between them does not count."""

    def __init__(self):
        self.waited = 0.0  # seconds

    async def until(self, seconds: float, step: Awaitable[Step]) -> Step:
        """Returns the result of the step. Raises TimeoutError when all waits together reach
        `seconds`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(seconds - self.waited):
            result = await step
        self.waited += loop.time() - began
        return result
