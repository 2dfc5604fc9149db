"""Goal: every paginator that botocore has for an offered operation gives each item once, wherever a page ends.

An operation whose pages have a size of their own is not here: the tests of its service have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import Session

from onebox.cli.operations import offered_operations
from onebox.testing import EngineThread
from tests.protocol.paged_world import Requests, build_world

ACCOUNT = "100200300400"
# GetMetricData's size counts datapoints of one metric, a certificate with tags is made in the tests of IAM, and there
# are no stack sets whose instances could be listed.
ELSEWHERE = {
    ("cloudformation", "ListStackInstances"),
    ("cloudwatch", "GetMetricData"),
    ("iam", "ListServerCertificateTags"),
}


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[EngineThread, Mapping[str, Requests]]]:
    with EngineThread() as engine:
        yield engine, build_world(lambda service: engine.client(service, account=ACCOUNT))


def offered_paginators() -> set[tuple[str, str]]:
    """Services and operations of which a request can ask for a page of a size."""
    loader = Session().get_component("data_loader")
    found = set()
    for service, (offered, _) in offered_operations().items():
        try:
            known = loader.load_service_model(service, "paginators-1")["pagination"]
        except UnknownServiceError:  # one without paginators
            continue
        found |= {(service, name) for name in offered if "limit_key" in known.get(name, {})}
    return found


def test_every_paginator_is_walked(world: tuple[EngineThread, Mapping[str, Requests]]) -> None:
    walked = {(service, case.split()[0]) for service, requests in world[1].items() for case in requests}
    assert walked | ELSEWHERE == offered_paginators()


@pytest.mark.parametrize("service", sorted({service for service, _ in offered_paginators()}))
def test_pages_of_any_size_give_each_item_once(
    world: tuple[EngineThread, Mapping[str, Requests]], service: str
) -> None:
    engine, requests = world
    client = engine.client(service, account=ACCOUNT)
    for case, request in requests[service].items():
        paginator = client.get_paginator(xform_name(case.split()[0]))
        whole = items_of(paginator, paginator.paginate(**request))
        assert all(len(set(items)) == len(items) for items in whole.values()), case
        for size in (1, 2):
            pages = list(paginator.paginate(**request, PaginationConfig={"PageSize": size}))
            assert items_of(paginator, pages) == whole, (case, size)
            assert all(sum(map(len, items_of(paginator, [page]).values())) <= size for page in pages), (case, size)


@pytest.mark.parametrize("service", sorted({service for service, _ in offered_paginators()}))
def test_a_starting_token_continues_where_the_result_ended(
    world: tuple[EngineThread, Mapping[str, Requests]], service: str
) -> None:
    engine, requests = world
    client = engine.client(service, account=ACCOUNT)
    for case, request in requests[service].items():
        paginator = client.get_paginator(xform_name(case.split()[0]))
        # botocore continues within one list only: https://github.com/boto/botocore/blob/develop/botocore/paginate.py
        (first, *_) = paginator.result_keys
        whole = items_of(paginator, paginator.paginate(**request))[first.expression]
        for more in ({}, {"PageSize": 2}):
            parts: list[dict[str, Any]] = []
            token = None
            while token is not None or not parts:
                config = {"MaxItems": 1, "StartingToken": token, **more}
                parts.append(paginator.paginate(**request, PaginationConfig=config).build_full_result())
                token = parts[-1].get("NextToken")
            assert items_of(paginator, parts)[first.expression] == whole, (case, more)


def items_of(paginator: Any, pages: Iterable[Any]) -> dict[str, list[str]]:
    """All items of the pages as text, by the list that they are in."""
    found: dict[str, list[str]] = {key.expression: [] for key in paginator.result_keys}
    for page in pages:
        for key in paginator.result_keys:
            items = key.search(page)
            # Counts are added up, and no items.
            if isinstance(items, list):
                found[key.expression] += [json.dumps(item, default=str) for item in items]
    return found
