"""Which addresses of servers may be used, stored and shown."""

import pytest

from overpaint.tools.addresses import wrong_address


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "https://api.acme.org", "http://[::1]:9/v1/"])
def test_an_address_that_will_do(url: str) -> None:
    assert wrong_address(url) == ""


@pytest.mark.parametrize("url", ["", "localhost", "ftp://h", "http://", "http://[::1", "http://h:x", "http://h:99999"])
def test_what_is_no_address(url: str) -> None:
    assert "must be an address" in wrong_address(url)


@pytest.mark.parametrize(
    "url", ["http://u@h", "http://u:pw-9@h", "https://:pw-9@h", "http://h?k=pw-9", "http://h#pw-9"]
)
def test_what_must_not_be_stored_is_not_repeated(url: str) -> None:
    assert "no name, password or query" in wrong_address(url)
    assert "pw-9" not in wrong_address(url)
