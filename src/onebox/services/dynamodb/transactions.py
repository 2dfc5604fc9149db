"""All or nothing: several writes at once, and the tokens that make a repeated transaction harmless.

Promises: every action is decided before the first is written; the reasons stand in the order of the actions.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import orjson

from onebox.errors import AwsError, ValidationException, without_frames
from onebox.services.beside import Gathering, WorkNeeded
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter, read_units
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    DuplicateItemException,
    IdempotentParameterMismatchException,
    TransactionCanceledException,
)
from onebox.services.dynamodb.limits import (
    TRANSACTION_BYTES_MAX,
    TRANSACTION_TOKEN_MS,
)
from onebox.services.dynamodb.values.keys import Position
from onebox.services.dynamodb.writes import Prepared, Put, Tally, Write

# Found wrong only when an action meets its table's schema: these cancel the transaction, while what can be known
# from the request alone refuses it before it begins.
_CANCELLING_TEXTS = (
    "The provided key element does not match the schema",
    "One or more parameter values were invalid: Type mismatch for",
    "One or more parameter values were invalid: Missing the key",
)


class Transaction:
    """The writes of one transaction, gathered one by one, then run."""

    def __init__(self, core: Core, context: RequestContext) -> None:
        self._core = core
        self._context = context
        self._writes: list[Write | None] = []
        self._failures: list[AwsError | None] = []
        self._gathering = Gathering()
        self.meter = Meter(factor=2)

    def add(self, parse: Callable[[], Write]) -> None:
        """Gather one write; what its schema makes of it may cancel the transaction later."""
        try:
            self._writes.append(self._gathering.run(parse))
            self._failures.append(None)
        except ValidationException as error:
            if not cancels(error):
                raise
            self._writes.append(None)
            self._failures.append(without_frames(error))

    def run(self) -> list[Prepared]:
        """Decide all writes, then apply them. Raises TransactionCanceledException with nothing written."""
        self._gathering.end()
        self._check_targets()
        writer = self._core.writer
        prepared: list[Prepared] = []
        needed: WorkNeeded | None = None
        old_bytes = 0
        for at, write in enumerate(self._writes):
            if write is None:
                continue
            stored = writer.find(write)
            old_bytes += 0 if stored is None else stored.size_bytes
            if old_bytes > TRANSACTION_BYTES_MAX:
                raise transaction_too_large()
            try:
                prepared.append(writer.prepare_found(write, stored, context=self._context))
            except WorkNeeded as error:
                needed = error  # that of the other writes is done at the same time
            except (ConditionalCheckFailedException, DuplicateItemException, ValidationException) as error:
                self._failures[at] = without_frames(error)
        if needed is not None:
            raise needed
        raise_if_cancelled(self._failures)
        if sum(change.size_bytes for change in prepared) > TRANSACTION_BYTES_MAX:
            raise transaction_too_large()
        tally = Tally(self._core.items)
        with self._core.numbers.held():
            for change in prepared:
                writer.commit(change, self.meter, tally)
        tally.store()
        self.meter.record(self._core.deps.metrics, self._context)
        return prepared

    def _check_targets(self) -> None:
        writes = [write for write in self._writes if write is not None]
        refuse_repeated_items([(write.table.table_id, write.position) for write in writes])
        if sum(write.size_bytes for write in writes if isinstance(write, Put)) > TRANSACTION_BYTES_MAX:
            raise transaction_too_large()


def refuse_repeated_items(targets: Sequence[tuple[int, Position]]) -> None:
    """Refuse a transaction that names an item, by table and position, more than once."""
    if len(set(targets)) != len(targets):
        raise ValidationException("Transaction request cannot include multiple operations on one item")


def transaction_too_large() -> ValidationException:
    """The items of a transaction are too large together."""
    return ValidationException(f"Transaction size cannot exceed {TRANSACTION_BYTES_MAX} bytes")


def cancels(error: ValidationException) -> bool:
    """Whether this refusal of one action is a reason for cancelling, not for refusing, the transaction."""
    return error.message.startswith(_CANCELLING_TEXTS)


def raise_if_cancelled(failures: Sequence[AwsError | None]) -> None:
    """Raise TransactionCanceledException if any action failed."""
    if not any(failures):
        return
    first = next((at for at, failure in enumerate(failures) if isinstance(failure, ValidationException)), None)
    if first is not None:
        # AWS looks no further than the first action that is invalid.
        failures = [failure if at == first else None for at, failure in enumerate(failures)]
    raise TransactionCanceledException([_reason(failure) for failure in failures])


def _reason(failure: AwsError | None) -> Wire:
    if failure is None:
        return {"Code": "None"}
    code = type(failure).__name__.removesuffix("Exception")
    if isinstance(failure, ValidationException):
        code = "ValidationError"
    return {"Code": code, "Message": failure.message, **failure.members}


class TokenGuard:
    """Remembers a transaction by its ClientRequestToken, so that sending it again changes nothing."""

    def __init__(self, core: Core, context: RequestContext, request: Wire) -> None:
        self._tokens = core.tokens
        self._clock = core.deps.clock
        self._context = context
        self._token: str | None = request.get("ClientRequestToken")
        if self._token is None:
            return
        # How much of the answer is reported may differ when a transaction is sent again.
        ignored = ("ClientRequestToken", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics")
        body = {name: value for name, value in request.items() if name not in ignored}
        self._fingerprint = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()

    def find_replay(self, request: Wire) -> Wire | None:
        """The answer to a transaction that was done before; None if it is new.

        Raises IdempotentParameterMismatchException if the token stands for another transaction.
        """
        if self._token is None:
            return None
        context = self._context
        kept = self._tokens.find(context.account, context.region, self._token, self._clock.steady_ms())
        if kept is None:
            return None
        fingerprint, answer = kept
        if fingerprint != self._fingerprint:
            raise IdempotentParameterMismatchException
        document: Wire = orjson.loads(answer)
        reads: dict[str, float] = document.pop("Reads")
        if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
            document["ConsumedCapacity"] = [
                {"TableName": name, "CapacityUnits": units, "ReadCapacityUnits": units} for name, units in reads.items()
            ]
        return document

    def keep(self, prepared: list[Prepared], answer: Wire) -> None:
        """Remember the transaction and what reading its result costs a client that sends it again."""
        if self._token is None:
            return
        reads: dict[str, float] = {}
        for change in prepared:
            name = change.write.table.name
            reads[name] = reads.get(name, 0) + 2 * read_units(change.size_bytes, consistent=True)
        self._tokens.keep(
            account=self._context.account,
            region=self._context.region,
            token=self._token,
            fingerprint=self._fingerprint,
            answer=orjson.dumps({**answer, "Reads": reads}),
            now_ms=self._clock.steady_ms(),
            lasts_ms=TRANSACTION_TOKEN_MS,
        )
