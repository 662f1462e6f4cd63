"""Controller and ledger under chance: success, failure, kill, resume, fork; money and champion must come out right.

The controller and the ledger (a real SQLite file) are the real ones. The provider is a counter that bills, and a killed
process is a claim whose owner does not live any more.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from overpaint.graph.attempt import Attempt
from overpaint.graph.controller import plan
from overpaint.graph.crowning import crown, of_round
from overpaint.graph.minting import sends, spread
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Proposal, Receipt, State, add_receipts, empty_receipt, merge_candidates
from overpaint.tools.database import open_database
from overpaint.tools.ledger import Ledger, Totals, request_key
from tests.graph.test_controller import IMAGE, candidate, state

PRICE = 0.04
RECEIPT = Receipt(images=1, unknown=0, calls=2, tokens=10, seconds=0.0, usd=PRICE)

END = st.sampled_from(["ok", "ok", "blocked", "refused", "lost"])
BELIEFS = st.text("ynu", min_size=4, max_size=4)
KILLS = st.sampled_from([None, None, None, "claimed", "accepted", "submitted", "stored", "settled"])


class Killed(Exception):
    """The process ends here."""


class Durable(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        url = f"sqlite:///{Path(self.folder.name) / 'overpaint.db'}"
        self.ledger = Ledger(open_database(url))
        self.paid: dict[str, int] = {}
        """What the provider billed, by run."""
        self.jobs: dict[str, str] = {}
        self.work: list[Attempt] = []
        """Candidates that were sent out and of which no checkpoint tells yet."""
        self.past: list[State] = []
        self.now = State()
        self.number = 0

    def teardown(self) -> None:
        self.ledger.database.close()
        self.folder.cleanup()

    @initialize(
        per_round=st.integers(1, 3),
        most=st.integers(1, 6),
        queue=st.booleans(),
        unknown=st.sampled_from(["skip", "retry"]),
    )
    def begin(self, per_round: int, most: int, queue: bool, unknown: Any) -> None:
        self.queue = queue
        made = Settings(
            per_round=per_round, max_images=most, max_usd=None, patience=2, on_unknown=unknown, stop_when_passed=False
        )
        facts = {"edit": "mask", "token_limit": 77, "price_usd": PRICE}
        self.now = state(painter=facts, run=self._run(), seed=1, prompt="p", settings=made.kept)
        self.ended = False

    def _run(self) -> str:
        self.number += 1
        return f"run{self.number}"

    @precondition(lambda self: not self.work and not self.ended)
    @rule()
    def decide(self) -> None:
        """As the node does: crown, plan, mint; then a checkpoint."""
        made = Settings.model_validate(self.now["settings"])
        before, round_ = self.now["champion"], self.now["round"]
        champion = crown(before, of_round(self.now, round_), Settings())
        self._no_worse(before, champion)
        stale = round_ >= 1 and champion == before
        tried = [*self.now["tried"], self.now["plan"]["action"]] if stale else []
        self.now = {**self.now, "champion": champion, "tried": [a for a in tried if a != "stop"]}
        decision = plan(self.now, made)
        self.now = {**self.now, "plan": decision}
        self.past.append(self.now)
        if decision["action"] == "stop":
            self.ended = True
            return
        assert decision["count"] >= 1
        self.now = {**self.now, "round": round_ + 1}
        chosen = spread([Proposal(prompt=f"prompt {round_}", boxes=[])], decision["count"])
        sent = sends(self.now, decision["action"], chosen)
        self.work = [one.arg["attempt"] for one in sent]
        self.results: dict[str, tuple[Candidate, Receipt]] = {}

    @precondition(lambda self: self.work)
    @rule(
        ends=st.lists(END, min_size=9, max_size=9),
        beliefs=st.lists(BELIEFS, min_size=3, max_size=3),
        kill=KILLS,
        at=st.integers(0, 2),
    )
    def paint(self, ends: list[str], beliefs: list[str], kill: str | None, at: int) -> None:
        """Work on all that was sent out; a kill loses whatever has no checkpoint, and the rule may run again."""
        for place, attempt in enumerate(self.work):
            if attempt["id"] in self.results:
                continue
            try:
                made = asyncio.run(
                    self._candidate(attempt, ends[place * 3 :], beliefs[place], kill if place == at else None)
                )
            except Killed:
                self._die()
                return
            self.results[attempt["id"]] = made
        merged = {id_: made for id_, (made, _) in self.results.items()}
        self.now = {**self.now, "candidates": merge_candidates(self.now["candidates"], merged)}
        for _, spent in self.results.values():
            self.now = {**self.now, "receipt": add_receipts(self.now["receipt"], spent)}
        self.work = []

    async def _candidate(
        self, attempt: Attempt, ends: list[str], beliefs: str, kill: str | None
    ) -> tuple[Candidate, Receipt]:
        spent, outcome = empty_receipt(), "error"
        for number in range(1 + attempt["spare"]):
            outcome = await self._request(attempt, number, ends[min(number, 2)], kill)
            if outcome == "error":
                break
            unknown = outcome == "unknown"
            spent = add_receipts(spent, Receipt(**{**RECEIPT, "unknown": int(unknown)}))
            if not unknown or attempt["settings"]["on_unknown"] != "retry":
                break
        told = beliefs if outcome == "ok" else ""
        image = IMAGE if outcome == "ok" else None
        digest = hashlib.sha256(f"{attempt['run']}{attempt['id']}".encode()).hexdigest()
        return candidate(
            attempt["id"], told, outcome=outcome, image=image, action=attempt["action"], record=digest
        ), spent

    async def _request(self, attempt: Attempt, number: int, end: str, kill: str | None) -> str:
        """One request as the tool makes it, on a provider without client keys; dies at `kill`."""
        run, ledger = attempt["run"], self.ledger
        key = request_key(run, attempt["id"], number, {"prompt": attempt["prompt"]})
        claim = await ledger.claim(key, run=run)
        if claim.state in ("stored", "unknown"):
            return "unknown" if claim.state == "unknown" else str(claim.details["outcome"])
        assert claim.mine
        if claim.interrupted and claim.job is None:
            await ledger.unknown(key, "cut off")
            return "unknown"
        self._at("claimed", kill)
        if claim.job is None:
            if end == "refused":
                await ledger.failed(key, "refused")
                return "error"
            self.paid[run] = self.paid.get(run, 0) + 1
            self._at("accepted", kill)
            if end == "lost" and not self.queue:
                await ledger.unknown(key, "lost")
                return "unknown"
            if self.queue:
                self.jobs[key] = end
                await ledger.submitted(key, key)
                self._at("submitted", kill)
        outcome = "blocked" if (self.jobs.get(key, end)) == "blocked" else "ok"
        self._at("stored", kill)
        await ledger.stored(key, IMAGE if outcome == "ok" else None, {"outcome": outcome})  # type: ignore[arg-type]
        self._at("settled", kill)
        return outcome

    def _at(self, moment: str, kill: str | None) -> None:
        if moment == kill:
            raise Killed

    def _die(self) -> None:
        """What this process held is now held by one that does not live."""
        with self.ledger.database.transaction() as transaction:
            transaction.execute(
                "UPDATE overpaint_requests SET owner = NULL WHERE state NOT IN ('stored', 'unknown', 'failed')"
            )

    @precondition(lambda self: self.ended and not self.work)
    @rule(more=st.integers(1, 3))
    def raise_the_cap(self, more: int) -> None:
        most = self.now["settings"]["max_images"] + more
        self.now = {**self.now, "settings": {**self.now["settings"], "max_images": most}}
        self.ended = False

    @precondition(lambda self: self.past and not self.work)
    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        parent = data.draw(st.sampled_from(self.past))
        stop = {**parent["plan"], "action": "stop"}
        fresh: Any = {"run": self._run(), "receipt": empty_receipt(), "tried": [], "plan": stop}
        self.now, self.ended = State(**{**parent, **fresh}), False  # type: ignore[typeddict-item]

    def _no_worse(self, before: Candidate | None, after: Candidate | None) -> None:
        if before is None:
            return
        assert after is not None
        held = [i for i, belief in enumerate(before["beliefs"]) if belief == "y"]
        assert all(after["beliefs"][i] == "y" for i in held)

    def _totals(self, run: str) -> Totals:
        return asyncio.run(self.ledger.totals(run))

    @invariant()
    def no_cap_is_exceeded(self) -> None:
        if "settings" in self.now:
            assert self.now["receipt"]["images"] <= self.now["settings"]["max_images"]
            assert self.paid.get(self.now["run"], 0) <= self.now["settings"]["max_images"]

    @invariant()
    def the_books_are_right(self) -> None:
        """Nothing that was billed is missing, and once all is settled the receipt is what the ledger says."""
        if "run" not in self.now:
            return
        run, receipt = self.now["run"], self.now["receipt"]
        totals, billed = self._totals(run), self.paid.get(run, 0)
        assert totals.stored <= billed <= totals.stored + totals.unknown + totals.open
        if not self.work:
            assert totals.open == 0
            assert receipt["images"] == totals.stored + totals.unknown
            assert receipt["unknown"] == totals.unknown
            assert receipt["usd"] == pytest.approx(PRICE * receipt["images"])


Durable.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestDurable = pytest.mark.slow(Durable.TestCase)
