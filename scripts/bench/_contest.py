"""The same two measurements for whatever carries a message there and brings an answer back."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import time

TEXT = "p2pim bench message: one hundred bytes long, as people type them, sent from one person to another..."
PATIENCE = 60.0  # seconds for one measurement: a bench ends by itself


class Contestant(abc.ABC):
    """One way to send a text. Subclasses send; they call `answered` for each answer that arrives."""

    name: str

    def __init__(self) -> None:
        self.cleanup = contextlib.AsyncExitStack()  # `open` pushes onto it, step by step
        self._unanswered: dict[int, asyncio.Future[None]] = {}
        self._next = 0

    @abc.abstractmethod
    async def open(self) -> None:
        """Start whatever is needed; it may fail half-way."""

    @abc.abstractmethod
    async def send(self, number: int) -> None:
        """Send TEXT once. Its answer will be known by this number."""

    async def close(self) -> None:
        """Stop it; leave nothing behind."""
        await self.cleanup.aclose()

    def answered(self, number: int) -> None:
        """Note that the answer to this message has arrived; a second one changes nothing."""
        future = self._unanswered.pop(number, None)
        if future is not None and not future.done():
            future.set_result(None)

    async def round_trips(self, count: int) -> list[float]:
        """Seconds from sending a message to its answer, one message at a time."""
        seconds = []
        async with asyncio.timeout(PATIENCE):
            for _ in range(count):
                started = time.perf_counter()
                await (await self._ask())
                seconds.append(time.perf_counter() - started)
        return seconds

    async def rate(self, count: int, window: int) -> float:
        """Messages answered a second, with at most `window` of them unanswered at any time."""
        free = asyncio.Semaphore(window)
        answers = []
        started = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            for _ in range(count):
                await free.acquire()
                answer = await self._ask()
                answer.add_done_callback(lambda _: free.release())
                answers.append(answer)
            await asyncio.gather(*answers)
        return count / (time.perf_counter() - started)

    async def _ask(self) -> asyncio.Future[None]:
        number = self._next
        self._next += 1
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unanswered[number] = answer  # before sending: the answer may be faster than the return of send
        await self.send(number)
        return answer


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and make sure that it did."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def close_stream(writer: asyncio.StreamWriter) -> None:
    """Close a connection; that the other end is already gone is no error."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
