"""The mailbox between the tasks of a cluster and their driver, without a cluster: nothing is lost with it unnoticed."""

from __future__ import annotations

import asyncio

from repro.execution.mailbox import Mailbox

SOON = 0.001


def test_who_sends_waits_until_the_driver_comes_again_for_more() -> None:
    """A message that was taken may be lost with the mailbox on its way to the driver, as long as that has not come."""

    async def told() -> None:
        mailbox = Mailbox()
        first = asyncio.create_task(mailbox.put("first"))
        assert await mailbox.take(SOON) == ["first"]
        second = asyncio.create_task(mailbox.put("second"))
        await asyncio.sleep(SOON)
        assert not first.done()
        assert await mailbox.take(SOON) == ["second"]
        assert await first is False
        assert not second.done()
        await mailbox.close()
        assert await mailbox.take(SOON) == []
        assert await second is True, "an end is wished"

    asyncio.run(told())


def test_an_answer_waits_for_the_task_that_it_is_for() -> None:
    async def told() -> None:
        mailbox = Mailbox()
        waiting = asyncio.create_task(mailbox.answered("a"))
        await mailbox.answer("b", "for b")
        await mailbox.answer("a", "for a")
        assert await waiting == "for a"
        assert await mailbox.answered("b") == "for b"

    asyncio.run(told())
