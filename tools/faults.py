"""The faults a user can meet: wrong input (theirs to mend), or a database or provider that failed (data, no crash)."""


class BadInput(ValueError):
    """What the user gave cannot be used. The message names what was wrong, where, and what to do next, on one line."""


class DatabaseFault(BadInput):
    """The database cannot be used. Who asks a server is not to blame, and is not told where its database is."""


class ProviderFault(RuntimeError):
    """A painter or chat model failed.

    Args:
        message: what failed and what to do next, on one line, with no secret and no image data in it.
        retryable: True when the same request may succeed later (rate limit, 5xx, connection reset).
        fatal: True when no further request of the run can succeed (bad key, missing model, no credit).
        retry_after: for how many seconds the provider asked to be left alone; None when it did not say.
        unsure: True when the request may have been paid for, and nobody knows, or its picture is still to be had.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        fatal: bool = False,
        retry_after: float | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.fatal = fatal
        self.retry_after = retry_after
        self.unsure = unsure
