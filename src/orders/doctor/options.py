"""Checks of the optional parts: history of orders, archive of notifications, claim checks, intake over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orders.aws.names import Names
from orders.doctor.inspection import ClaimsSettings, Inspection, MappingState, RequestCounts, UrlSettings
from orders.doctor.results import Check, Outcome

INTAKE_REQUESTS = "intake requests"
CLAIMS = "claims bucket"
# As the alarm OrderHistory-behind has it.
LAG_MS_MAX = 60_000
# OrderQueue keeps a message for 4 days and OrderDLQ for 14.
CLAIM_DAYS_MIN = 18
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
URL_ACTIONS = frozenset({"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"})

DEPLOY = "Run `orders deploy`; if it was deleted outside of the stack, `orders destroy` (it keeps the data) before."


def check_history(inspection: Inspection) -> Iterator[Check]:
    """The table of events, the function and its trigger, and what could not be recorded."""
    names = inspection.names
    if not inspection.has_table(names.events_table):
        yield Check(names.events_table, Outcome.FAILED, "is not there: messages wait in OrderQueue", DEPLOY)
    if inspection.subscribers(names.changes_topic) is None:
        yield Check(names.changes_topic, Outcome.FAILED, "is not there", DEPLOY)
    function, failed = names.history_function, names.history_dead_letter_queue
    yield judge_mapping(function, inspection.find_mapping(function), f"the stream of {names.table}")
    yield from judge_lag(names, inspection.history_age_ms())
    failures = inspection.find_queue(failed)
    if failures is None:
        yield Check(failed, Outcome.FAILED, "is not there", DEPLOY)
    elif failures.messages:
        advice = (
            "Each message names records of the stream that were given up; "
            f"`aws logs tail {names.log_group_of(function)}` tells why. "
            "The stream keeps them for 24 hours. Delete the messages when you have read them."
        )
        message = f"{failures.messages:,} batches of changes could not be recorded"
        yield Check(failed, Outcome.WARNING, message, advice)
    else:
        yield Check(failed, Outcome.GOOD, "is empty: every change was recorded and published")


def judge_lag(names: Names, age_ms: float) -> Iterator[Check]:
    """Whether changes are recorded soon; nothing is reported where they are."""
    if age_ms > LAG_MS_MAX:
        message = f"is {age_ms / 1_000:,.0f} s behind: changes are recorded and published late"
        advice = f"`aws logs tail {names.log_group_of(names.history_function)}` shows whether it fails or is slow."
        yield Check(names.history_function, Outcome.WARNING, message, advice)


def check_archive(inspection: Inspection) -> Iterator[Check]:
    """The bucket, the queue with its subscription, and the function and its trigger."""
    names = inspection.names
    bucket, queue_name = inspection.archive_bucket(), names.archive_queue
    if bucket is None:
        yield Check("archive bucket", Outcome.FAILED, "is not there: notifications wait in the queue", DEPLOY)
    else:
        yield Check("archive bucket", Outcome.GOOD, bucket)
    yield judge_mapping(names.archive_function, inspection.find_mapping(names.archive_function), queue_name)
    reaches = any(
        protocol == "sqs" and endpoint.endswith(f":{queue_name}") and confirmed
        for protocol, endpoint, confirmed in inspection.subscribers(names.topic) or ()
    )
    if not reaches:
        message = f"{names.topic} does not reach it: notifications published now are not archived"
        yield Check(queue_name, Outcome.FAILED, message, DEPLOY)
        return
    queue = inspection.find_queue(queue_name)
    if queue is None:
        yield Check(queue_name, Outcome.FAILED, "is not there", DEPLOY)
    else:
        yield Check(queue_name, Outcome.GOOD, f"is reached by {names.topic}, {queue.messages:,} notifications wait")


def check_claims(inspection: Inspection, parameters: Mapping[str, str]) -> Iterator[Check]:
    """The bucket of large orders, how long it keeps claims, and whether OrderProcessor reads it."""
    archive_days = parameters.get("ArchiveDays", "") if parameters.get("Archive") == "Yes" else ""
    yield judge_claims(inspection.names, inspection.claims_bucket(), int(archive_days or 0))


def judge_claims(names: Names, settings: ClaimsSettings | None, archive_days: int) -> Check:
    """Whether large orders are taken, and kept as long as something points to them."""
    if settings is None:
        return Check(CLAIMS, Outcome.FAILED, "is not there: large orders wait in OrderQueue", DEPLOY)
    if settings.read_by_function != settings.bucket:
        message = f"{names.function} does not read {settings.bucket}: large orders go to {names.dead_letter_queue}"
        return Check(CLAIMS, Outcome.FAILED, message, DEPLOY)
    if settings.days is not None and settings.days < max(archive_days, CLAIM_DAYS_MIN):
        wanted = max(archive_days, CLAIM_DAYS_MIN)
        message = f"{settings.bucket} deletes claims after {settings.days} days, though messages point to them longer"
        return Check(CLAIMS, Outcome.WARNING, message, f"`orders deploy -p ClaimDays={wanted}`")
    kept = "without end" if settings.days is None else f"for {settings.days} days"
    return Check(CLAIMS, Outcome.GOOD, f"{settings.bucket} keeps claims {kept}")


def check_intake(inspection: Inspection, auth: str) -> Iterator[Check]:
    """The URL and who may send requests to it, and the table of idempotency keys."""
    names = inspection.names
    url = inspection.find_url(names.intake_function)
    yield judge_url(names, url, auth)
    if url is not None:
        yield judge_requests(names, inspection.count_requests())
    keys_table = names.intake_keys_table
    if not inspection.has_table(keys_table):
        message = "is not there: requests with an Idempotency-Key are answered 503"
        yield Check(keys_table, Outcome.FAILED, message, DEPLOY)
    if auth == "Token":
        callers = inspection.count_parameters(names.intake_callers)
        if callers:
            yield Check("intake callers", Outcome.GOOD, f"{callers} may send orders")
        else:
            advice = "`orders intake add NAME` adds one."
            yield Check("intake callers", Outcome.WARNING, "there are none: every request is refused", advice)


def judge_url(names: Names, url: UrlSettings | None, auth: str) -> Check:
    """Whether requests reach OrderIntake, and only those that should."""
    if url is None:
        return Check(names.intake_function, Outcome.FAILED, "has no URL", DEPLOY)
    wanted = "NONE" if auth == "Token" else "AWS_IAM"
    if url.auth_type != wanted:
        return Check(
            names.intake_function, Outcome.FAILED, f"its URL's AuthType is {url.auth_type}, not {wanted}", DEPLOY
        )
    missing = URL_ACTIONS - url.open_actions if auth == "Token" else frozenset()
    if missing:
        message = f"its policy does not allow {' and '.join(sorted(missing))}: requests are answered 403"
        return Check(names.intake_function, Outcome.FAILED, message, DEPLOY)
    return Check(names.intake_function, Outcome.GOOD, f"takes orders at {url.url}")


def judge_requests(names: Names, counts: RequestCounts) -> Check:
    """Whether requests were answered, and how many were refused."""
    told = (
        f"{counts.last_hour:,.0f} in the last hour, {counts.a_minute:,.0f} in the last minute; "
        f"{counts.refused:,.0f} refused"
    )
    if counts.failed:
        log = names.log_group_of(names.intake_function)
        advice = f"`aws logs tail {log}` shows the cause. Senders repeat these requests."
        return Check(INTAKE_REQUESTS, Outcome.WARNING, f"{told}, {counts.failed:,.0f} failed", advice)
    if counts.last_hour and counts.refused == counts.last_hour:
        advice = "The answers name the reason: 401 the caller, 422 the order, 429 the limit of a caller."
        return Check(INTAKE_REQUESTS, Outcome.WARNING, f"{told}: none was accepted", advice)
    return Check(INTAKE_REQUESTS, Outcome.GOOD, told)


def judge_mapping(function: str, mapping: MappingState | None, source: str) -> Check:
    """Whether a function receives what it is for."""
    if mapping is None:
        return Check(function, Outcome.FAILED, f"nothing delivers {source} to it", DEPLOY)
    if mapping.state != "Enabled":
        advice = "Enable it with `aws lambda update-event-source-mapping`. A stream keeps changes for 24 hours only."
        return Check(function, Outcome.FAILED, f"its trigger is {mapping.state}", advice)
    if mapping.last_result.startswith("PROBLEM"):
        advice = f"`aws logs tail /aws/lambda/{function}` shows the cause."
        return Check(function, Outcome.WARNING, f"{source}: {mapping.last_result}", advice)
    return Check(function, Outcome.GOOD, f"receives {source}")
