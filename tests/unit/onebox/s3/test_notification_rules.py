"""Goal: a configuration is refused if, and only if, one event of one key could meet two of its rules by prefix and by
suffix; so an event has at most one destination."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.notification_rules import checked_configuration, parse_rules

_names = st.sampled_from(["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRemoved:Delete"])
_events = st.sampled_from(["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", "s3:ObjectRemoved:*"])
_parts = st.text("ab/", max_size=3)
_rules = st.lists(st.tuples(st.lists(_events, min_size=1, max_size=2), _parts, _parts), min_size=1, max_size=4)


def configuration(rules: list[tuple[list[str], str, str]]) -> dict[str, object]:
    entries = [
        {
            "QueueArn": "arn:aws:sqs:us-east-1:111122223333:q",
            "Id": str(number),
            "Events": events,
            "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}, {"Name": "SUFFIX", "Value": suffix}]}
            },
        }
        for number, (events, prefix, suffix) in enumerate(rules)
    ]
    return {"QueueConfigurations": entries}


@given(_rules, _names, st.text("ab/", max_size=8))
def test_an_event_meets_at_most_one_rule_of_a_configuration_that_is_taken(
    rules: list[tuple[list[str], str, str]], name: str, key: str
) -> None:
    try:
        document = checked_configuration(configuration(rules), "us-east-1", lambda: "id")
    except InvalidArgument:
        return
    assert sum(rule.matches(name, key) for rule in parse_rules(document)) <= 1


@given(_rules)
def test_rules_that_one_key_meets_are_refused(rules: list[tuple[list[str], str, str]]) -> None:
    def may_meet(first: tuple[list[str], str, str], second: tuple[list[str], str, str]) -> bool:
        shares_event = any(
            one == other or (one[:12] == other[:12] and "*" in one + other) for one in first[0] for other in second[0]
        )
        # The longer prefix and the longer suffix make a key of both, if any key is of both.
        key = max(first[1], second[1], key=len) + max(first[2], second[2], key=len)
        return shares_event and all(key.startswith(rule[1]) and key.endswith(rule[2]) for rule in (first, second))

    expected = any(may_meet(one, other) for at, one in enumerate(rules) for other in rules[:at])
    try:
        checked_configuration(configuration(rules), "us-east-1", lambda: "id")
    except InvalidArgument:
        assert expected
    else:
        assert not expected


def test_events_named_more_than_once_are_kept_once() -> None:
    entry = {"QueueArn": "arn:aws:sqs:us-east-1:111122223333:q", "Events": ["s3:ObjectCreated:Put"] * 3}

    (kept,) = checked_configuration({"QueueConfigurations": [entry]}, "us-east-1", lambda: "id")["QueueConfigurations"]

    assert kept["Events"] == ["s3:ObjectCreated:Put"]
