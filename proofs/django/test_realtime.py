"""realtime.md"""

from __future__ import annotations

import asyncio

from channels.layers import InMemoryChannelLayer
from proves import proves


@proves("A channel layer drops silently")
def test_a_full_channel_drops_silently():
    layer = InMemoryChannelLayer()

    async def delivered(count: int) -> int:
        channel = await layer.new_channel()
        await layer.group_add("orders", channel)
        for number in range(count):
            await layer.group_send("orders", {"type": "news", "number": number})
        received = 0
        while True:
            try:
                await asyncio.wait_for(layer.receive(channel), 0.5)
            except TimeoutError:
                return received
            received += 1

    assert layer.capacity == 100 == asyncio.run(delivered(150))
