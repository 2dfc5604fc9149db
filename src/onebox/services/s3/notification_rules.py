"""Notification configurations: what AWS allows in them, and which rule an event meets. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from onebox.arn import find_arn
from onebox.services.context import Wire
from onebox.services.s3.errors import InvalidArgument, NotOffered
from onebox.services.s3.limits import FILTER_VALUE_CHARACTERS_MAX, NOTIFICATION_ID_CHARACTERS_MAX, NOTIFICATIONS_MAX

EVENTS = frozenset(
    {
        "s3:IntelligentTiering",
        *(f"s3:LifecycleExpiration:{name}" for name in ("*", "Delete", "DeleteMarkerCreated")),
        "s3:LifecycleTransition",
        "s3:ObjectAcl:Put",
        *(f"s3:ObjectAnnotation:{name}" for name in ("*", "Delete", "Put")),
        *(f"s3:ObjectCreated:{name}" for name in ("*", "CompleteMultipartUpload", "Copy", "Post", "Put")),
        *(f"s3:ObjectRemoved:{name}" for name in ("*", "Delete", "DeleteMarkerCreated")),
        *(f"s3:ObjectRestore:{name}" for name in ("*", "Completed", "Delete", "Post")),
        "s3:ObjectRetention:Put",
        *(f"s3:ObjectTagging:{name}" for name in ("*", "Delete", "Put")),
        "s3:ReducedRedundancyLostObject",
        "s3:Replication:*",
        "s3:Replication:OperationFailedReplication",
        "s3:Replication:OperationMissedThreshold",
        "s3:Replication:OperationNotTracked",
        "s3:Replication:OperationReplicatedAfterThreshold",
    }
)
"""The events that a configuration may name; some are of features that onebox does not offer, and never happen."""


class _Kind(NamedTuple):
    """A kind of destination: where the configuration has it, and its names there and in errors."""

    list_member: str
    arn_member: str
    argument: str
    service: str


KINDS = (
    _Kind("QueueConfigurations", "QueueArn", "Queue", "sqs"),
    _Kind("TopicConfigurations", "TopicArn", "Topic", "sns"),
    _Kind("LambdaFunctionConfigurations", "LambdaFunctionArn", "CloudFunction", "lambda"),
)


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """One configuration: which events of which keys go to a destination."""

    rule_id: str
    destination_arn: str
    events: frozenset[str]
    prefix: str
    suffix: str

    def matches(self, event: str, key: str) -> bool:
        """Whether an event (``ObjectCreated:Put``) of a key is for the destination."""
        family = event.partition(":")[0]
        return (
            (f"s3:{event}" in self.events or f"s3:{family}:*" in self.events)
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
        )

    def shares_keys(self, other: NotificationRule) -> bool:
        """Whether one key may meet both rules, as AWS judges it: by prefixes and suffixes apart."""
        return (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)) and (
            self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix)
        )


def parse_rules(document: Wire) -> list[NotificationRule]:
    """The rules of a configuration that was checked."""
    return [_rule(entry, kind) for kind, entry in _entries(document)]


def checked_configuration(document: Wire, region: str, make_id: Callable[[], str]) -> Wire:
    """The configuration with an id for each rule. Raises InvalidArgument or NotImplemented."""
    if document.get("EventBridgeConfiguration") is not None:
        raise NotOffered(
            "onebox has no EventBridge: notifications go to queues of SQS, topics of SNS and functions of Lambda",
            Header="EventBridgeConfiguration",
        )
    entries = list(_entries(document))
    if len(entries) > NOTIFICATIONS_MAX:
        raise InvalidArgument(f"A bucket can have at most {NOTIFICATIONS_MAX} notification configurations")
    checked: Wire = {}
    for kind, entry in entries:
        _check_arn(entry[kind.arn_member], kind, region)
        _check_events(entry["Events"])
        checked.setdefault(kind.list_member, []).append(_completed(entry, make_id))
    rules = parse_rules(checked)
    _check_ids([rule.rule_id for rule in rules])
    _check_overlaps(rules)
    return checked


def _entries(document: Wire) -> Iterator[tuple[_Kind, Wire]]:
    for kind in KINDS:
        for entry in document.get(kind.list_member) or ():
            yield kind, entry


def _rule(entry: Wire, kind: _Kind) -> NotificationRule:
    filters = {rule["Name"]: rule["Value"] for rule in _filter_rules(entry)}
    return NotificationRule(
        rule_id=entry["Id"],
        destination_arn=entry[kind.arn_member],
        events=frozenset(entry["Events"]),
        prefix=filters.get("Prefix", ""),
        suffix=filters.get("Suffix", ""),
    )


def _filter_rules(entry: Wire) -> Sequence[Wire]:
    return ((entry.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ()


def _check_arn(text: str, kind: _Kind, region: str) -> None:
    arn = find_arn(text)
    if arn is None or arn.service != kind.service:
        raise _invalid("The ARN could not be parsed", kind.argument, text)
    if arn.region != region:
        raise _invalid(
            "The notification destination service region is not valid for the bucket location constraint",
            kind.argument,
            text,
        )


def _check_events(events: Sequence[str]) -> None:
    for event in events:
        if event not in EVENTS:
            raise _invalid("A specified event is not supported for notifications.", "Event", event)


def _completed(entry: Wire, make_id: Callable[[], str]) -> Wire:
    """The entry with an id, and the names of its filters as AWS writes them."""
    events = list(dict.fromkeys(entry["Events"]))  # read with each change of an object: each event once
    completed = {**entry, "Id": entry.get("Id") or make_id(), "Events": events}
    rules = [_checked_filter(rule) for rule in _filter_rules(entry)]
    names = [rule["Name"] for rule in rules]
    for name in set(names):
        if names.count(name) > 1:
            raise _invalid(f"Cannot specify more than one {name.lower()} rule in a filter.", "FilterRule.Name", name)
    completed.pop("Filter", None)
    if rules:
        completed["Filter"] = {"Key": {"FilterRules": rules}}
    return completed


def _checked_filter(rule: Wire) -> dict[str, str]:
    name, value = str(rule.get("Name") or ""), str(rule.get("Value") or "")
    if name.lower() not in ("prefix", "suffix"):
        raise _invalid("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
    if len(value) > FILTER_VALUE_CHARACTERS_MAX:
        raise _invalid("Filter value exceeds the maximum allowed length of 1024.", "FilterRule.Value", value)
    return {"Name": name.capitalize(), "Value": value}


def _check_ids(ids: Sequence[str]) -> None:
    for rule_id in ids:
        if len(rule_id) > NOTIFICATION_ID_CHARACTERS_MAX:
            raise _invalid(
                f"The ID of a configuration can have at most {NOTIFICATION_ID_CHARACTERS_MAX} characters", "Id", rule_id
            )
    if len(set(ids)) < len(ids):
        twice = next(rule_id for rule_id in ids if ids.count(rule_id) > 1)
        raise _invalid("Same ID used for multiple configurations. IDs must be unique", "Id", twice)


def _check_overlaps(rules: Sequence[NotificationRule]) -> None:
    named = [(rule, _single_events(rule.events)) for rule in rules]
    for (first, first_events), (second, second_events) in combinations(named, 2):
        if first_events.isdisjoint(second_events) or not first.shares_keys(second):
            continue
        if first.prefix or first.suffix or second.prefix or second.suffix:
            raise InvalidArgument(
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type."
            )
        events = ", ".join((*sorted(first.events), *sorted(second.events)))
        raise _invalid(
            "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
            "Event",
            events,
        )


def _single_events(names: frozenset[str]) -> set[str]:
    """The events that names of events and of whole families (``s3:ObjectCreated:*``) stand for."""
    families = tuple(name[:-1] for name in names if name.endswith(":*"))
    return {*names, *(event for event in EVENTS if event.startswith(families))}


def _invalid(sentence: str, argument: str, value: Any) -> InvalidArgument:
    return InvalidArgument(sentence, ArgumentName=argument, ArgumentValue=value)
