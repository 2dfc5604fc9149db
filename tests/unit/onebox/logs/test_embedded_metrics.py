"""Goal: log lines in the embedded metric format yield their samples, and any other line yields none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.logs.embedded_metrics import find_embedded_metrics

AT_MS = 1_767_225_600_000


def line(**changes: Any) -> str:
    document: dict[str, Any] = {
        "_aws": {
            "Timestamp": AT_MS + 5,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Orders",
                    "Dimensions": [["Service"], ["Service", "Country"]],
                    "Metrics": [{"Name": "Stored", "Unit": "Count"}, {"Name": "Latency"}],
                }
            ],
        },
        "Service": "orders",
        "Country": "GB",
        "Stored": 1,
        "Latency": [1.5, 2.5, 1.5],
        "orderId": "42",
    }
    return json.dumps(document | changes)


def test_a_metric_is_sampled_for_each_set_of_dimensions() -> None:
    samples = find_embedded_metrics([(AT_MS, line())])
    stored = [sample for sample in samples if sample.name == "Stored"]
    assert [sample.dimensions for sample in stored] == [
        (("Service", "orders"),),
        (("Country", "GB"), ("Service", "orders")),
    ]
    assert {(s.namespace, s.unit, s.value, s.samples, s.at_ms) for s in stored} == {
        ("Orders", "Count", 1, 1, AT_MS + 5)
    }


def test_an_array_of_values_is_counted_by_value() -> None:
    samples = find_embedded_metrics([(AT_MS, line())])
    latency = {(s.value, s.samples, s.unit) for s in samples if s.name == "Latency"}
    assert latency == {(1.5, 2, "None"), (2.5, 1, "None")}


def test_text_before_the_document_is_passed_over() -> None:
    assert find_embedded_metrics([(AT_MS, "2026-01-01T00:00:00Z reqid INFO " + line())])


@pytest.mark.parametrize(
    "message",
    [
        "plain text",
        '{"_aws": 1}',
        '{"_aws": {"CloudWatchMetrics": "x"}}',
        '{"_aws": {"CloudWatchMetrics": [{"Namespace": "", "Metrics": []}]}}',
        line(_aws={"Timestamp": "now", "CloudWatchMetrics": []}),
        line()[:-1],
    ],
)
def test_a_line_that_breaks_the_format_yields_nothing(message: str) -> None:
    assert find_embedded_metrics([(AT_MS, message)]) == []


def test_a_missing_dimension_drops_that_set_only() -> None:
    samples = find_embedded_metrics([(AT_MS, line(Country=None))])
    assert {sample.dimensions for sample in samples} == {(("Service", "orders"),)}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON, JSON, JSON)
def test_no_line_is_an_accident(directives: Any, dimensions: Any, metrics: Any, value: Any) -> None:
    document = {
        "_aws": {"CloudWatchMetrics": [directives, {"Namespace": "N", "Dimensions": dimensions, "Metrics": metrics}]},
        "Stored": value,
    }
    for sample in find_embedded_metrics([(AT_MS, json.dumps(document))]):
        assert sample.samples >= 1
