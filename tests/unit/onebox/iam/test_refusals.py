"""Goal: the last refusals are remembered with their reason, and no more than the last 1,000."""

from __future__ import annotations

import logging

import pytest

from onebox.services.context import Principal, RequestContext
from onebox.services.iam.permissions import IDENTITY, DeniedBy, PolicySource, Question
from onebox.services.iam.policy import compile_policy
from onebox.services.iam.refusals import REMEMBERED_MAX, Refusals, find_notes

DENY = '{"Version": "2012-10-17", "Statement": [{"Sid": "No", "Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}'


def refuse(refusals: Refusals, request_id: str, resource: str = "q\n") -> None:
    principal = Principal("111111111111", "arn:aws:iam::111111111111:user/Ann", "AIDA")
    context = RequestContext("111111111111", "us-east-1", principal, 0, request_id, "http://localhost")
    sources = [PolicySource(IDENTITY, "inline policy no of user Ann", compile_policy(DENY))]
    question = Question(principal, "sqs:SendMessage", resource, dict)
    refusals.add(context, question, DeniedBy(IDENTITY, True), sources, find_notes(sources, question))


def test_only_the_last_refusals_are_kept() -> None:
    refusals = Refusals(logging.getLogger("test"))
    for number in range(REMEMBERED_MAX + 1):
        refuse(refusals, str(number))
    assert refusals.find("0") is None
    assert refusals.find("1")
    assert refusals.find(str(REMEMBERED_MAX))


def test_the_log_names_the_statement_and_quotes_what_the_client_sent(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        refuse(Refusals(logging.getLogger("test")), "r1")
    (line,) = caplog.messages
    assert "refused request r1" in line
    assert "denied by statement 'No' of 'inline policy no of user Ann'" in line
    assert "\n" not in line


def test_a_huge_resource_is_not_kept_whole() -> None:
    refusals = Refusals(logging.getLogger("test"))
    refuse(refusals, "r1", "q" * 1_000_000)
    refusal = refusals.find("r1")
    assert refusal is not None
    assert len(str(refusal)) < 10_000
