"""A TCP proxy on loopback that fails on demand: it stands between a service and its database.

with FaultProxy("127.0.0.1", 3306) as proxy:
    ...            # connect to 127.0.0.1:proxy.port
    proxy.pause()  # the server hangs: connections open, but no byte passes
    proxy.resume() # everything passes again, and what was held back arrives
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self


class FaultProxy:
    """Every method returns once the fault is in effect."""

    port: int

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = (target_host, target_port)
        self._delay = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    # --- what it can do

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._writers) // 2

    def pause(self) -> None:
        """A hung server or a network that drops packets: nothing passes in either direction, nothing is closed."""
        self._call(self._passes.clear)

    def resume(self) -> None:
        """End every fault."""
        self._delay = 0.0
        self._call(self._passes.set)
        self._run(self._listen)

    def cut(self) -> None:
        """Reset every open connection; new ones are accepted."""
        self._call(self._reset)

    def refuse(self) -> None:
        """A stopped server: reset every open connection and refuse new ones."""
        self._run(self._close)

    def delay(self, seconds: float) -> None:
        """A slow network: each chunk arrives so much later."""
        self._delay = seconds

    # --- its event loop, in a thread of its own

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._passes = asyncio.Event()
        self._passes.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self._run(self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # asyncio reports a connection that is cancelled, or accepted while the server closes.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._run(self._close)
        self._run(self._cancel)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(step(), self._loop).result(10)

    def _call(self, step: Callable[[], None]) -> None:
        async def called() -> None:
            step()

        self._run(called)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._reset()

    async def _cancel(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reset(self) -> None:
        for writer in self._writers:
            # Without lingering a close is a reset; a socket that is already closed has no options.
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            server_reader, server = await asyncio.open_connection(*self._target)
        except OSError:
            client.transport.abort()
            return
        pair = {client, server}
        self._writers |= pair
        try:
            await asyncio.gather(self._pump(client_reader, server), self._pump(server_reader, client))
        except OSError:
            pass
        finally:
            self._writers -= pair
            for writer in pair:
                writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._passes.wait()
            writer.write(chunk)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
