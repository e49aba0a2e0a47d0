"""How long a client is waited for."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Step = TypeVar("Step")


class CumulativeTimeout:
    """Waits for one thing after the other; what happens between the waits does not count."""

    def __init__(self):
        self.waited = 0.0  # seconds

    async def until(self, seconds: float, step: Awaitable[Step]) -> Step:
        """What the step gives. Raises TimeoutError when all the waits together reach `seconds`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(seconds - self.waited):
            result = await step
        self.waited += loop.time() - began
        return result
