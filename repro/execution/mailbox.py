"""Where tasks of a cluster leave what they send home, until it is taken: a Ray actor, in a process of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any


class Mailbox:
    """Messages from many tasks to one driver; and back, answers, and one word to all: that an end is wished."""

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._there = asyncio.Event()
        self._answers: dict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self._closing = False

    async def put(self, message: Any) -> bool:
        """Leave a message; return whether its sender shall save and end."""
        self._messages.append(message)
        self._there.set()
        return self._closing

    async def ask(self, task: str, message: Any) -> Any:
        """Leave a message, and wait for the answer."""
        await self.put(message)
        return await self._answers[task].get()

    async def answer(self, task: str, what: Any) -> None:
        """Answer a task that asked."""
        await self._answers[task].put(what)

    async def take(self, seconds: float) -> list[Any]:
        """Wait so long for messages, and take all that are there."""
        try:
            await asyncio.wait_for(self._there.wait(), seconds)
        except TimeoutError:
            return []
        self._there.clear()
        taken, self._messages = self._messages, []
        return taken

    async def close(self) -> None:
        """Wish an end."""
        self._closing = True
