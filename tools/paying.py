"""From a claim that is mine to what the painter sent: nothing that may have been paid for is asked for anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, TypeVar, cast

from overpaint.tools.claiming import finished, insisted
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.ledger import Claim, Ledger
from overpaint.tools.pacing import hold
from overpaint.tools.painters import FindingQueue, Painter, PaintRequest, PaintResult, Progress, Queue

T = TypeVar("T")

CUT_OFF = "an earlier request for it was cut off and may have been paid for, so it was not made again"


class MaybePaid(Exception):
    """A request ended without a picture and may have been paid for; the ledger has it as unknown, for good."""


@dataclass
class Payment:
    """One claimed request on its way to a picture.

    Args:
        painter: whom to ask.
        ledger: where the claim is held, and every step is noted before the next is made.
        key: the claim's.
        progress: called as the picture is painted.
        leave: gives up the provider's turn, once nothing that counts against its limits is asked any more.
        job: the provider's id of the request, once there is one.
        doubtful: True while an earlier try may have been paid for, whatever comes of this one.
    """

    painter: Painter
    ledger: Ledger
    key: str
    progress: Progress | None = None
    leave: Callable[[], None] | None = None
    job: str | None = None
    doubtful: bool = False

    async def result(self, claim: Claim, request: PaintRequest) -> PaintResult:
        """Get what was claimed: from the job of an earlier try, or by asking, where that cannot be paid for twice.

        Raises:
            ProviderFault: the painter failed. `unsure` where what may be paid for is still to be had: the ledger holds
                it for another try. Else nothing was paid, and the ledger has it as failed.
            BadInput: the painter cannot do this, or the database cannot be used.
            MaybePaid: the request may have been paid for, and there is no way to know or to get its picture.
        """
        self.job = claim.job
        self.doubtful = claim.interrupted and claim.job is None and not self.painter.abilities.free
        try:
            return await self._result(claim, request)
        except ProviderFault as fault:
            await finished(self._faulted(fault))
            raise AssertionError from fault  # _faulted always raises
        except BadInput as fault:
            kept = self.doubtful or self.job is not None
            with suppress(BadInput):  # where the database is gone too, what happened first is told
                await finished(self.ledger.release(self.key) if kept else self.ledger.failed(self.key, str(fault)))
            raise
        except MaybePaid:
            raise
        except BaseException:
            # Cancelled, or an error the painter did not foresee: the provider may have been paid.
            with suppress(BadInput):
                await finished(self.ledger.release(self.key))
            raise

    async def _result(self, claim: Claim, request: PaintRequest) -> PaintResult:
        if self.doubtful:
            await self._settle()
        if self.painter.abilities.jobs is None:
            return await self._heeding(self.painter.paint(request, self.progress))
        queue = cast(Queue, self.painter)
        if self.job is None:
            # To its end even when cancelled: a job whose id is not noted is paid for and lost. It takes seconds.
            await self._heeding(finished(self._submit(queue, request)))
        assert self.job is not None
        if self.leave is not None:
            self.leave()
        return await queue.collect(self.job, self.progress)

    async def _heeding(self, asked: Awaitable[T]) -> T:
        """The answer to a request; where the provider wants to be left alone, nobody of this process asks it."""
        try:
            return await asked
        except ProviderFault as fault:
            hold(self.painter.abilities.provider, fault.retry_after or 0.0)
            raise

    async def _settle(self) -> None:
        """Find out about an earlier try that was cut off before it had a job; return when it is safe to ask again."""
        able = self.painter.abilities
        if able.jobs == "find":
            self.job = await cast(FindingQueue, self.painter).find(self.key)
            self.doubtful = False
            if self.job is not None:
                await self.ledger.submitted(self.key, self.job)
        elif not able.client_key:
            await self.ledger.unknown(self.key, CUT_OFF)
            raise MaybePaid(CUT_OFF)

    async def _submit(self, queue: Queue, request: PaintRequest) -> None:
        self.job = job = await queue.submit(request)
        try:
            await insisted(lambda: self.ledger.submitted(self.key, job))
        except BadInput as fault:
            lost = f"The picture is paid for: its job at {self.painter.name}, {job}, could not be noted."
            raise BadInput(f"{fault} {lost}") from fault

    async def _faulted(self, fault: ProviderFault) -> NoReturn:
        """Note a failure as what it is, and raise it."""
        able = self.painter.abilities
        if (self.job is not None or self.doubtful) and (fault.retryable or fault.fatal):
            await self.ledger.release(self.key)  # the job, or the key, is kept: the next try asks for its picture again
            fault.unsure = True
            raise fault
        if fault.unsure and not able.free:
            if able.client_key or able.jobs == "find":
                await self.ledger.release(self.key)
                raise ProviderFault(str(fault), retryable=True, retry_after=fault.retry_after, unsure=True) from fault
            await self.ledger.unknown(self.key, str(fault))
            raise MaybePaid(str(fault)) from fault
        await (self.ledger.release(self.key) if self.doubtful else self.ledger.failed(self.key, str(fault)))
        raise fault
