"""Goal: of a batch exactly the events AWS accepts enter, and the rest is reported by AWS's indexes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.logs.limits import DAY_MS, EVENT_AGE_MS_MAX, EVENT_FUTURE_MS_MAX
from onebox.services.logs.model import LogGroup
from onebox.services.logs.operations.events import decide_accepted

NOW_MS = 1_767_225_600_000
HOURS = st.integers(-24 * 20, 5)


def group(retention_days: int | None) -> LogGroup:
    return LogGroup(
        id=1,
        name="g",
        created_at_ms=0,
        log_class="STANDARD",
        kms_key_id=None,
        deletion_protected=False,
        retention_days=retention_days,
        stored_bytes=0,
        metric_filters=0,
        subscription_filters=0,
    )


@given(st.lists(HOURS, min_size=1, max_size=30), st.sampled_from([None, 1, 7, 30]))
def test_accepted_events_agree_with_the_rules_applied_one_by_one(hours: list[int], days: int | None) -> None:
    times_ms = sorted(NOW_MS + hour * 3_600_000 for hour in hours)
    start, end, rejected = decide_accepted(times_ms, group(days), NOW_MS)
    oldest_ms = NOW_MS - min(EVENT_AGE_MS_MAX, (days or 10_000) * DAY_MS)
    accepted = [at_ms for at_ms in times_ms if oldest_ms <= at_ms <= NOW_MS + EVENT_FUTURE_MS_MAX]
    assert times_ms[start:end] == accepted
    too_new = [place for place, at_ms in enumerate(times_ms) if at_ms > NOW_MS + EVENT_FUTURE_MS_MAX]
    assert rejected.get("tooNewLogEventStartIndex") == (too_new[0] if too_new else None)
    too_old = sum(at_ms < NOW_MS - EVENT_AGE_MS_MAX for at_ms in times_ms)
    assert rejected.get("tooOldLogEventEndIndex") == (too_old or None)
    assert bool(rejected) == (len(accepted) < len(times_ms))
