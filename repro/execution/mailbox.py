"""Where tasks of a cluster leave what they send home, until it is taken: a Ray actor, in a process of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any


class Mailbox:
    """Messages from many tasks to one driver; and back, answers, and one word to all: that an end is wished."""

    def __init__(self) -> None:
        self._messages: list[tuple[Any, asyncio.Event]] = []
        self._handed_over: list[asyncio.Event] = []
        self._there = asyncio.Event()
        self._answers: dict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self._closing = False

    async def put(self, message: Any) -> bool:
        """Leave a message, and wait until the driver has it; return whether its sender shall save and end.

        A mailbox that dies before takes the call with it, so that the sender knows.
        """
        kept = asyncio.Event()
        self._messages.append((message, kept))
        self._there.set()
        await kept.wait()
        return self._closing

    async def answered(self, task: str) -> Any:
        """Wait for the answer to a message of this task that asked for one."""
        return await self._answers[task].get()

    async def answer(self, task: str, what: Any) -> None:
        """Answer a task that asked."""
        await self._answers[task].put(what)

    async def take(self, seconds: float) -> list[Any]:
        """Wait so long for messages, and take all that are there; the driver has kept those that it took before."""
        for kept in self._handed_over:
            kept.set()
        self._handed_over = []
        try:
            await asyncio.wait_for(self._there.wait(), seconds)
        except TimeoutError:
            return []
        self._there.clear()
        taken, self._messages = self._messages, []
        self._handed_over = [kept for _, kept in taken]
        return [message for message, _ in taken]

    async def close(self) -> None:
        """Wish an end."""
        self._closing = True
