"""Goal: the Stack page lists what CloudFormation made, by name and ARN, and shows no secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from onebox.testing import EngineThread
from orders.console.pages.stack import tone_of
from orders.console.settings import ConsoleSettings
from tests.console.support import Browser, console_for
from tests.polling import until

SECRET = "a-secret-that-nobody-sees"
TEMPLATE = {
    "Parameters": {"Password": {"Type": "String", "NoEcho": True}, "Greeting": {"Type": "String"}},
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        "News": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}},
    },
    "Outputs": {"JobsUrl": {"Value": {"Ref": "Jobs"}, "Description": "Send <jobs> here."}},
}


@pytest.fixture
def browser(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as console:
        yield console


@pytest.fixture
def stack(client: Callable[..., Any]) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName="orders",
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=[
            {"ParameterKey": "Password", "ParameterValue": SECRET},
            {"ParameterKey": "Greeting", "ParameterValue": "<b>hello</b>"},
        ],
    )

    def is_made() -> bool:
        (stack,) = cloudformation.describe_stacks(StackName="orders")["Stacks"]
        return bool(stack["StackStatus"] == "CREATE_COMPLETE")

    until(is_made, "the stack is made")


def test_without_a_stack_it_says_how_to_make_one(browser: Browser) -> None:
    page = browser.text("/stack")
    assert "There is no stack orders" in page
    assert "<code>orders deploy</code>" in page
    assert "us-east-1" in page


@pytest.mark.usefixtures("stack")
def test_resources_outputs_and_parameters_are_listed(browser: Browser, account: str) -> None:
    page = browser.text("/stack")
    assert "CREATE_COMPLETE" in page
    assert "2 resources" in page
    assert f"arn:aws:sqs:us-east-1:{account}:jobs" in page
    assert f"arn:aws:sns:us-east-1:{account}:news" in page
    assert "JobsUrl" in page
    assert "Send &lt;jobs&gt; here." in page
    assert "&lt;b&gt;hello&lt;/b&gt;" in page


@pytest.mark.usefixtures("stack")
def test_no_secret_is_shown(browser: Browser) -> None:
    page = browser.text("/stack")
    assert SECRET not in page
    assert "****" in page


@pytest.mark.usefixtures("stack")
def test_away_from_aws_there_are_no_links_to_its_console(browser: Browser) -> None:
    assert "console.aws.amazon.com" not in browser.text("/stack")


def test_the_console_s_own_settings_are_told_but_not_its_token(onebox: EngineThread, account: str) -> None:
    settings = ConsoleSettings(read_only=True, token="the-token-itself")
    with console_for(onebox, account, settings) as console:
        console.client.get("/", params={"token": "the-token-itself"})
        page = console.text("/stack")
    assert "refused (--read-only)" in page
    assert "32 AWS API calls" in page
    assert onebox.endpoint_url in page
    assert account in page
    assert "the-token-itself" not in page


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        ("CREATE_COMPLETE", "good"),
        ("UPDATE_IN_PROGRESS", "warn"),
        ("UPDATE_ROLLBACK_COMPLETE", "warn"),
        ("ROLLBACK_COMPLETE", "bad"),
        ("DELETE_FAILED", "bad"),
    ],
)
def test_a_status_has_its_colour(status: str, tone: str) -> None:
    assert tone_of(status) == tone
