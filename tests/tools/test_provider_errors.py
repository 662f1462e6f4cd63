"""What a provider's error tells a user: no data, no key, one line, and the right kind."""

from __future__ import annotations

import base64
import string
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.provider_errors import (
    between_servers,
    http_status,
    key_variable,
    provider_fault,
    scrubbed,
    was_unsent,
)
from overpaint.tools.retry_after import retry_after


class Coded(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__("said so")
        self.status_code = status_code


@given(st.binary(min_size=200, max_size=900), st.text(max_size=300))
def test_encoded_data_never_stays_in_a_message(data: bytes, around: str) -> None:
    encoded = base64.b64encode(data).decode()
    told = scrubbed(f"{around} data:image/png;base64,{encoded} {around}")
    assert encoded[:100] not in told
    assert len(told) <= 300
    assert "\n" not in told


@given(st.text(alphabet=string.ascii_letters + string.digits, min_size=12, max_size=60))
def test_keys_never_stay_in_a_message(secret: str) -> None:
    assume(secret not in "Authorization")
    for shown in (f"sk-{secret}", f"nvapi-{secret}", f"Authorization: Bearer {secret}"):
        assert secret not in scrubbed(f"wrong key {shown}, try another")


def test_a_password_in_an_address_never_stays_in_a_message() -> None:
    told = scrubbed("cannot reach https://me:correct-horse@proxy.example/v1 or https://proxy.example/@me")
    assert told == "cannot reach https://[key]@proxy.example/v1 or https://proxy.example/@me"


def test_a_key_of_any_shape_is_known_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "correct horse")
    assert scrubbed("no entry for correct horse here") == "no entry for [key] here"


@given(st.integers(400, 599))
def test_every_status_has_one_kind(status: int) -> None:
    fault = provider_fault(Coded(status), "acme:m")
    assert isinstance(fault, ProviderFault)
    assert fault.retryable == (status in (408, 409, 425, 429) or status >= 500)
    assert fault.fatal == (status in (401, 402, 403, 404))
    assert str(fault).startswith(f"acme:m answered {status}: said so")


@pytest.mark.parametrize("error", [BadInput("b"), ProviderFault("p"), KeyError("k"), TypeError("t"), UserWarning("w")])
def test_what_is_not_a_providers_fault_is_left_as_it_is(error: Exception) -> None:
    assert provider_fault(error, "acme:m") is error


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError("gone"), OSError("unreachable")])
def test_a_broken_line_may_be_tried_again(error: Exception) -> None:
    fault = provider_fault(error, "acme:m")
    assert isinstance(fault, ProviderFault)
    assert fault.retryable


def test_the_status_of_an_answer_that_was_fine_is_no_status() -> None:
    assert http_status(Coded(200)) is None
    assert http_status(Exception("[503] Unavailable")) == 503


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        (None, None),
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "99 Foo 2026 99:99:99 GMT"}, None),
    ],
)
def test_the_wait_a_provider_asks_for(headers: dict[str, str] | None, seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@given(st.integers(-10_000, 10_000))
def test_a_wait_may_be_told_as_a_date(seconds: int) -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    told = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    assert retry_after({"retry-after": told}, now) == max(0, seconds)


def test_the_wait_is_kept_in_the_fault() -> None:
    error = Coded(429)
    error.response = SimpleNamespace(headers={"retry-after": "7"})  # type: ignore[attr-defined]
    fault = provider_fault(error, "acme:m")
    assert isinstance(fault, ProviderFault)
    assert (fault.retryable, fault.retry_after, fault.unsure) == (True, 7.0, False)


def test_a_gateway_may_have_lost_the_answer_of_a_server_that_did_the_work() -> None:
    assert [status for status in range(400, 600) if between_servers(status)] == [502, 504, *range(520, 525)]
    assert not between_servers(None)


def test_a_provider_with_a_variable_of_its_own_is_named_by_it() -> None:
    assert (key_variable("fal"), key_variable("acme")) == ("FAL_KEY", "ACME_API_KEY")


@pytest.mark.parametrize(
    ("error", "unsent"),
    [
        (ConnectionRefusedError(), True),
        (type("ConnectError", (Exception,), {})("no route"), True),
        (type("APIConnectionError", (Exception,), {})("line broke"), False),
        (TimeoutError(), False),
    ],
)
def test_only_a_connection_that_was_never_made_is_known_to_cost_nothing(error: Exception, unsent: bool) -> None:
    dressed_up = ProviderFault("dressed up")
    dressed_up.__context__ = error
    assert was_unsent(dressed_up) is was_unsent(error) is unsent
