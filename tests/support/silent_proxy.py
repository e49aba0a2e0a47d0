"""A TCP proxy that can fall silent: it goes on accepting and acknowledging, and passes nothing on,
as a dead machine behind a load balancer does; or it cuts, or refuses."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

ProxyMode = Literal["passes", "silent", "refuses"]


class SilentProxy:
    """Between programs and a server, which is a TCP address or the path of a socket."""

    def __init__(self, target: tuple[str, int] | str):
        self.target = target
        self.manner: ProxyMode = "passes"
        self.connections: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.create_task(self.serve())
        self.loop.run_forever()

    async def serve(self) -> None:
        self.server = await asyncio.start_server(self.accept, sock=self.listening)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.manner == "refuses":
            writer.transport.abort()
            return
        try:
            upstream, downstream = await self.connect()
        except OSError:  # the server is away
            writer.transport.abort()
            return
        both = {writer, downstream}
        self.connections |= both
        try:
            await asyncio.gather(self.pump(reader, downstream), self.pump(upstream, writer))
        except asyncio.CancelledError:
            pass  # by `end`; raised, it would be logged as an error
        finally:
            self.connections -= both
            for each in both:
                each.transport.abort()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What arrives during silence is lost, as packets are; its connection never recovers."""
        is_lost = False
        with suppress(OSError):
            while data := await reader.read(65536):
                is_lost = is_lost or self.manner == "silent"
                if not is_lost:
                    writer.write(data)
                    await writer.drain()
        if is_lost or self.manner == "silent":
            await asyncio.Event().wait()  # the end is lost, too
        writer.close()

    def silence(self) -> None:
        self.manner = "silent"

    def pass_on(self) -> None:
        self.manner = "passes"

    def refuse(self) -> None:
        """Cuts what there is, too."""
        self.manner = "refuses"
        self.cut()

    def cut(self) -> None:
        self.on_loop(lambda: [each.transport.abort() for each in list(self.connections)])

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    async def end(self) -> None:
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close in the next turn

    def on_loop(self, act: Callable[[], object]) -> None:
        self.loop.call_soon_threadsafe(act)
