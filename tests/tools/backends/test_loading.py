import logging

import pytest

from overpaint.tools.backends.loading import faults, locate, quiet
from overpaint.tools.faults import BadInput, ProviderFault


class OutOfMemoryError(RuntimeError):
    """Named as torch's is."""


class ConnectError(ConnectionError):
    """Named as httpx's is."""


@pytest.mark.parametrize(
    ("error", "doing", "what", "retryable", "fatal"),
    [
        (OutOfMemoryError("CUDA out of memory. Tried 9 GiB\nprocess 3"), "paint with", "smaller size", False, False),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "load", "smaller size", False, True),
        (ConnectError("no route"), "load", "not reached", True, False),
        (OSError("no file named model_index.json"), "load", "Check the name", False, True),
        (RuntimeError("size mismatch"), "paint with", "another model", False, False),
    ],
)
def test_what_libraries_raise_becomes_one_line(
    error: Exception, doing: str, what: str, retryable: bool, fatal: bool
) -> None:
    with pytest.raises(ProviderFault, match=what) as caught, faults("some/model", doing):
        raise error
    assert (caught.value.retryable, caught.value.fatal) == (retryable, fatal)
    assert f"cannot {doing} some/model" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_our_own_faults_pass_as_they_are() -> None:
    for own in (BadInput("mine"), ProviderFault("mine", retryable=True)):
        with pytest.raises(type(own)) as caught, faults("some/model", "load"):
            raise own
        assert caught.value is own


def test_a_hub_id_is_kept_as_it_is() -> None:
    assert locate("someone/some-model") == "someone/some-model"


@pytest.mark.slow
def test_harmless_messages_are_held_back_for_a_while_and_others_are_not() -> None:
    import diffusers.utils.logging

    diffusers.utils.logging.get_logger("diffusers.some")
    (handler, *_) = logging.getLogger("diffusers").handlers
    harmless = logging.makeLogRecord({"msg": "Expected types for vae: A, got B."})
    telling = logging.makeLogRecord({"msg": "Some weights were not initialised"})
    with quiet():
        assert not handler.filter(harmless)
        assert handler.filter(telling)
    assert handler.filter(harmless)
