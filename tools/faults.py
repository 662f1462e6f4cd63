"""The two faults a user can meet: wrong input (theirs to mend) and a provider that failed (data, not a crash)."""


class BadInput(ValueError):
    """What the user gave cannot be used. The message names what was wrong, where, and what to do next, on one line."""


class ProviderFault(RuntimeError):
    """A painter or chat model failed.

    Args:
        message: what failed and what to do next, on one line, with no secret and no image data in it.
        retryable: True when the same request may succeed later (rate limit, 5xx, connection reset).
        fatal: True when no further request of the run can succeed (bad key, missing model, no credit).
    """

    def __init__(self, message: str, *, retryable: bool = False, fatal: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.fatal = fatal
