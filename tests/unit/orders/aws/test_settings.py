"""Goal: a command goes where it was told to, and to a onebox on this machine before it goes to AWS."""

from __future__ import annotations

import pytest

from orders.aws.settings import ONEBOX_URL, Listener, Settings, find_settings
from orders.errors import OperatorError

TEST_KEYS = ("test", "test")
AWAY = "http://example.test:4566"


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The addresses at which a onebox answers."""
    addresses: set[str] = set()
    monkeypatch.setattr(
        "orders.aws.settings.find_listener", lambda url: Listener(True, "onebox") if url in addresses else None
    )
    return addresses


def test_find_settings_without_anything_leaves_the_choice_to_aws(running: set[str]) -> None:
    assert find_settings({}) == Settings()


def test_find_settings_without_endpoint_takes_a_running_onebox(running: set[str]) -> None:
    running.add(ONEBOX_URL)
    assert find_settings({}) == Settings(ONEBOX_URL, "us-east-1", None, TEST_KEYS, is_onebox=True)
    assert find_settings({"AWS_REGION": "eu-west-1"}).region == "eu-west-1"
    assert find_settings({"AWS_ACCESS_KEY_ID": "123456789012"}).access_key is None


def test_find_settings_with_a_profile_never_takes_a_running_onebox(running: set[str]) -> None:
    running.add(ONEBOX_URL)
    assert find_settings({"AWS_PROFILE": "shop"}) == Settings(profile="shop")
    assert find_settings({}, profile="shop") == Settings(profile="shop")


def test_find_settings_with_an_endpoint_takes_it_and_asks_only_the_own_machine_what_it_is(running: set[str]) -> None:
    running.update({"http://127.0.0.1:5000", AWAY})
    assert find_settings({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}).access_key == TEST_KEYS
    assert find_settings({"AWS_ENDPOINT_URL": AWAY}) == Settings(AWAY)
    assert find_settings({"AWS_ENDPOINT_URL": AWAY}, endpoint_url="http://127.0.0.1:5000").is_onebox


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "ftp://127.0.0.1", "127.0.0.1:4566", "http://", "http://[::1"]
)
def test_what_is_no_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(OperatorError, match="not the address of an endpoint"):
        find_settings({}, url)
