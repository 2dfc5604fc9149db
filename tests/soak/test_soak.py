"""Goal: a few seconds of the soak keep every promise, and its audit finds what was changed behind its back."""

from __future__ import annotations

from tests.soak.box import running_soak_box
from tests.soak.run import Plan, audit, soak
from tests.soak.traffic import Traffic, order_id

PLAN = Plan(seconds=1.2, rate=100.0, seed=74, every_s=0.5, capacity_s=0.0, warm_up=20)


def test_seconds_of_a_soak_keep_every_promise_and_changes_are_found() -> None:
    lines: list[str] = []
    with running_soak_box() as box:
        result = soak(box, PLAN, lines.append)
        assert result.broken == []
        assert result.ledger.messages == PLAN.warm_up + 120
        assert result.ledger.invalid > 0
        assert result.samples[-1].stored + result.samples[-1].waiting > PLAN.warm_up
        lost, changed = order_id(0), order_id(1)
        box.pipeline.dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": lost}})
        box.pipeline.dynamodb.update_item(
            TableName="Orders",
            Key={"orderId": {"S": changed}},
            UpdateExpression="SET country = :other",
            ExpressionAttributeValues={":other": {"S": "Atlantis"}},
        )
        box.pipeline.dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "nobody's"}})
        found = audit(box, Traffic(PLAN.seed), result.ledger)
    assert "1 stored orders have another content, such as " + changed in found
    assert "1 stored orders were never published, such as nobody's" in found
    assert "1 published orders are not stored, such as " + lost in found
    assert any("invalid messages are not in OrderDLQ" in sentence for sentence in found), "they were received before"
