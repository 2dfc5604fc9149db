"""Accounts: clients transfer money in transactions and read all accounts of a bank in one."""

from __future__ import annotations

import itertools
from typing import Any

from tests.simulator.checkers.bank import OPENING_BALANCE
from tests.simulator.client import Client, Request
from tests.simulator.requests import Answer

TABLE = "Bank"
ACCOUNTS = 3
_BANKS = 2
_OPERATIONS_A_BANK = 50


class BankWorkload:
    """Two banks at a time; one that was used often gives way to a new one. An account that was never used holds the
    opening balance."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._tokens = itertools.count(1)
        self._banks = [next(self._numbers) for _ in range(_BANKS)]
        self._uses = [0] * _BANKS

    async def step(self, client: Client) -> None:
        """One operation."""
        place = client.chance.randrange(_BANKS)
        self._uses[place] += 1
        if self._uses[place] > _OPERATIONS_A_BANK:
            self._banks[place], self._uses[place] = next(self._numbers), 0
        if client.chance.random() < 0.5:
            await self._transfer(client, self._banks[place])
        else:
            await read_balances(client, self._banks[place])

    async def _transfer(self, client: Client, bank: int) -> None:
        source, target = client.chance.sample(range(ACCOUNTS), 2)
        amount = client.chance.choice((1, 7, 60))
        actions = [_change(bank, source, -amount), _change(bank, target, amount)]
        parameters = {"TransactItems": actions, "ClientRequestToken": f"transfer-{next(self._tokens)}"}
        await client.do(
            "transfer",
            {"bank": bank, "from": source, "to": target, "amount": amount},
            Request("dynamodb", "TransactWriteItems", parameters),
            lambda _: {"done": True},
            retries=2,
            meaning=_refusal,
        )

    async def end(self, client: Client) -> None:
        """Read the banks a last time."""
        for bank in self._banks:
            await read_balances(client, bank)


async def read_balances(client: Client, bank: int) -> None:
    """All accounts in one transaction."""
    gets = [{"Get": {"TableName": TABLE, "Key": _key(bank, account)}} for account in range(ACCOUNTS)]
    await client.do(
        "balances",
        {"bank": bank},
        Request("dynamodb", "TransactGetItems", {"TransactItems": gets}),
        lambda answer: {"balances": [_balance(each) for each in answer["Responses"]]},
    )


def _refusal(answer: Answer) -> Any:
    """A transfer that the condition refused; any other cancellation is a failure without effect."""
    reasons = [reason.get("Code") for reason in answer.value.get("CancellationReasons", [])]
    return {"done": False} if "ConditionalCheckFailed" in reasons else None


def _change(bank: int, account: int, by: int) -> dict[str, Any]:
    update: dict[str, Any] = {
        "TableName": TABLE,
        "Key": _key(bank, account),
        "UpdateExpression": "SET balance = if_not_exists(balance, :opening) + :by",
        "ExpressionAttributeValues": {":opening": {"N": str(OPENING_BALANCE)}, ":by": {"N": str(by)}},
    }
    if by < 0:
        update["ConditionExpression"] = "attribute_not_exists(balance) OR balance >= :needed"
        update["ExpressionAttributeValues"][":needed"] = {"N": str(-by)}
    return {"Update": update}


def _key(bank: int, account: int) -> dict[str, Any]:
    return {"account": {"S": f"{bank}/{account}"}}


def _balance(response: dict[str, Any]) -> int:
    item = response.get("Item")
    return int(item["balance"]["N"]) if item else OPENING_BALANCE
