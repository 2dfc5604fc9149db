"""Goal: the AsyncAPI document is one, by its official schema, and says of orders what the pipeline does."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from orders.cli.main import main
from orders.domain.contract import CONTRACT_VERSION
from orders.domain.contract_schema import EXAMPLE, make_schema
from orders.domain.differences import find_differences
from orders.domain.history import Happening, OrderEvent
from orders.history.changes import Change, make_change_message
from orders.local.demo import load_sample
from orders.publishing.message import encode_order, make_message

PUBLISHED = Path(__file__).parent / "published"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    printed = CliRunner().invoke(main, ["schema", "asyncapi"])
    assert printed.exit_code == 0, printed.output
    loaded: dict[str, Any] = json.loads(printed.stdout)
    return loaded


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(gzip.decompress((PUBLISHED / "asyncapi-3.0.0.schema.json.gz").read_bytes())))


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_document_is_valid_by_the_official_schema(document: dict[str, Any], official: Draft7Validator) -> None:
    official.validate(document)
    with pytest.raises(ValidationError):
        official.validate({**document, "channels": {"orderTopic": {"adress": "OrderTopic"}}})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references: list[str] = []
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            references += [value for name, value in one.items() if name == "$ref"]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    assert len(references) >= 8
    assert all(resolve(document, reference) for reference in references)


def test_document_has_the_contract_and_its_version(document: dict[str, Any]) -> None:
    schema = json.loads(encode_order(make_schema()))
    assert document["info"]["version"] == schema["x-version"] == CONTRACT_VERSION
    assert {"$schema": schema["$schema"], **document["components"]["schemas"]["order"]} == schema


def test_attributes_and_payload_of_real_orders_are_as_described(document: dict[str, Any]) -> None:
    message = document["components"]["messages"]["order"]
    headers = Draft7Validator({**message["headers"], "additionalProperties": False})
    payload = Draft7Validator(resolve(document, message["payload"]["$ref"]))
    for order in [EXAMPLE, *(json.loads(entry.text, parse_float=Decimal) for entry in load_sample()[:50])]:
        made = make_message(encode_order(order), order)
        assert made.attributes
        numbers = {one.name: Decimal(one.value) if one.kind == "Number" else one.value for one in made.attributes}
        headers.validate({name: float(v) if isinstance(v, Decimal) else v for name, v in numbers.items()})
        payload.validate(json.loads(made.text))


@pytest.mark.parametrize("happening", [Happening.STORED, Happening.REPLACED, Happening.REMOVED])
def test_changes_are_told_as_described(document: dict[str, Any], happening: Happening) -> None:
    differences = find_differences({"status": "new"}, {"status": "paid", "total": 5})
    event = OrderEvent("1", "0" * 40, happening, 1_780_000_000_123, "n", differences)
    made = make_change_message(Change(event, EXAMPLE))
    message = document["components"]["messages"]["orderChanged"]
    Draft7Validator(resolve(document, message["payload"]["$ref"])).validate(json.loads(made.text))
    assert {one.name for one in made.attributes} <= set(message["headers"]["properties"])
