"""ExecuteStatement, BatchExecuteStatement, ExecuteTransaction.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from onebox.errors import AwsError, ValidationException, without_frames
from onebox.services.beside import Gathering
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.capacity import Meter
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.limits import BATCH_STATEMENTS_MAX, TRANSACTION_BYTES_MAX
from onebox.services.dynamodb.partiql import execution
from onebox.services.dynamodb.partiql.execution import Parameters, Target
from onebox.services.dynamodb.partiql.nodes import (
    DeleteStatement,
    Exists,
    Insert,
    Select,
    Statement,
    UpdateStatement,
)
from onebox.services.dynamodb.partiql.parser import parse_statement
from onebox.services.dynamodb.partiql.plan import NO_WHOLE_KEY
from onebox.services.dynamodb.transactions import (
    TokenGuard,
    Transaction,
    refuse_repeated_items,
    transaction_too_large,
)
from onebox.services.dynamodb.values.attributes import Item
from onebox.services.dynamodb.writes import Tally, Write
from onebox.services.violations import Violations

_BATCH_NO_WHOLE_KEY = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."


def execute_statement(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Run one statement; a SELECT answers a page."""
    statement = parse_statement(request["Statement"])
    parameters = Parameters(statement.parameters, request.get("Parameters", []))
    meter = Meter()
    if isinstance(statement, Select):
        answer = execution.select_page(core, context, statement, parameters, request=request, meter=meter)
        count = len(answer["Items"])
        core.record_returned(context, statement.table_name, "ExecuteStatement", count)
    elif isinstance(statement, Exists):
        raise ValidationException("EXISTS is only supported in ExecuteTransaction")
    else:
        shows_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        tally = Tally(core.items)
        item = _write(core, context, statement, parameters, meter=meter, tally=tally, shows_old=shows_old)
        tally.store()
        answer = {"Items": [] if item is None else [item]}
    meter.record(core.deps.metrics, context)
    return meter.add_to(answer, request)


def batch_execute_statement(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Run up to 25 statements, each by itself: one that fails says so in its place, the others are done."""
    entries = request["Statements"]
    violations = Violations()
    violations.check_length(entries, "statements", 1, BATCH_STATEMENTS_MAX)
    violations.raise_if_any()
    statements = [_parse(entry["Statement"]) for entry in entries]
    _refuse_mixture(statements, "BatchExecuteStatement")
    meter, tally = Meter(), Tally(core.items)
    targets: list[Target] = []
    responses = [
        _run_in_batch(core, context, statement, entry, at, meter=meter, tally=tally, targets=targets)
        for at, (statement, entry) in enumerate(zip(statements, entries, strict=True))
    ]
    if len(set(targets)) != len(targets):
        raise ValidationException("Provided list of item keys contains duplicates")
    tally.store()
    meter.record(core.deps.metrics, context)
    return meter.add_list_to({"Responses": responses}, request)


def _parse(text: str) -> Statement | ValidationException:
    """The statement, or why there is none: in a batch that is said in its place."""
    try:
        return parse_statement(text)
    except ValidationException as error:
        return without_frames(error)


def _run_in_batch(
    core: Core,
    context: RequestContext,
    statement: Statement | ValidationException,
    entry: Wire,
    at: int,
    *,
    meter: Meter,
    tally: Tally,
    targets: list[Target],
) -> Wire:
    response: Wire = {}
    try:
        if isinstance(statement, ValidationException):
            raise statement
        response["TableName"] = statement.table_name
        parameters = Parameters(statement.parameters, entry.get("Parameters", []))
        item: Item | None
        if isinstance(statement, Select):
            if statement.index_name is not None:
                raise ValidationException("Reads on indices are not supported within batches.")
            item = execution.select_one(
                core,
                context,
                statement,
                parameters,
                meter,
                consistent=entry.get("ConsistentRead", False),
                no_whole_key=_BATCH_NO_WHOLE_KEY,
                targets=targets,
            )
        else:
            shows_old = entry.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            item = _write(core, context, statement, parameters, meter=meter, tally=tally, shows_old=shows_old, at=at)
    except AwsError as error:
        # Nothing was written: every refusal comes before the statement's first write.
        response["Error"] = _batch_error(without_frames(error))
        return response
    if item is not None:
        response["Item"] = item
    return response


def _batch_error(error: AwsError) -> Wire:
    code = error.wire_code.removesuffix("Exception")
    if code == "Validation":
        code = "ValidationError"
    return {"Code": code, "Message": error.message, **error.members}


def _write(
    core: Core,
    context: RequestContext,
    statement: Statement,
    parameters: Parameters,
    *,
    meter: Meter,
    tally: Tally,
    shows_old: bool,
    at: int = 0,
) -> Item | None:
    """Run a statement that writes, the one at a place of its request; the item that its RETURNING clause shows."""
    if isinstance(statement, Insert):
        put = execution.parse_insert(core, context, statement, parameters)
        execution.insert(core, context, put, meter, tally, shows_existing=shows_old)
        return None
    write: Write
    if isinstance(statement, UpdateStatement):
        write = execution.parse_update(core, context, statement, parameters)
    elif isinstance(statement, DeleteStatement):
        write = execution.parse_delete(core, context, statement, parameters)
    else:
        raise ValidationException("EXISTS is only supported in ExecuteTransaction")
    write.returns_old_on_failure = shows_old
    returning = statement.returning
    prepared = core.writer.apply(write, meter, tally, needs_old=returning is not None, context=context, at=at)
    return execution.returned_item(prepared, returning)


def execute_transaction(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Run up to 100 statements, all or none: all reads, or all writes and EXISTS checks."""
    entries = request["TransactStatements"]
    statements = [_validated(at, entry) for at, entry in enumerate(entries)]
    guard = TokenGuard(core, context, request)
    replay = guard.find_replay(request)
    if replay is not None:
        return replay
    if all(isinstance(statement, Select) for statement in statements):
        return _read_transaction(core, context, request, statements)
    _refuse_mixture(statements, "ExecuteTransaction")
    transaction = Transaction(core, context)
    for statement, entry in zip(statements, entries, strict=True):
        transaction.add(partial(_transacted, core, context, statement, entry))
    prepared = transaction.run()
    answer: Wire = {"Responses": []}
    guard.keep(prepared, answer)
    return transaction.meter.add_list_to(answer, request, split=True)


def _validated(at: int, entry: Wire) -> Statement:
    try:
        statement = parse_statement(entry["Statement"])
        if isinstance(statement, Select) and statement.index_name is not None:
            raise ValidationException("Reads on indices are not supported within transactions.")
        if isinstance(statement, UpdateStatement | DeleteStatement) and statement.returning is not None:
            raise ValidationException("RETURNING clause is not supported in ExecuteTransaction.")
    except ValidationException as error:
        raise ValidationException(f"Validation failed in TransactStatements[{at}]: {error.message}") from error
    return statement


def _transacted(core: Core, context: RequestContext, statement: Statement, entry: Wire) -> Write:
    parameters = Parameters(statement.parameters, entry.get("Parameters", []))
    write: Write
    if isinstance(statement, Insert):
        write = execution.parse_insert(core, context, statement, parameters)
        write.must_be_new = True
    elif isinstance(statement, UpdateStatement):
        write = execution.parse_update(core, context, statement, parameters)
    elif isinstance(statement, DeleteStatement):
        write = execution.parse_delete(core, context, statement, parameters)
    else:
        assert isinstance(statement, Exists), "transactions that read go another way"
        write = execution.parse_exists(core, context, statement, parameters)
    write.returns_old_on_failure = entry.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return write


def _read_transaction(core: Core, context: RequestContext, request: Wire, statements: list[Statement]) -> Wire:
    meter = Meter(factor=2)
    gathering = Gathering()
    targets: list[Target] = []
    responses: list[Wire] = []
    for statement, entry in zip(statements, request["TransactStatements"], strict=True):
        select = partial(_select_in_transaction, core, context, statement, entry, meter=meter, targets=targets)
        item = gathering.run(select)
        responses.append({} if item is None else {"Item": item})
        if sum(target.size_bytes for target in targets) > TRANSACTION_BYTES_MAX:
            raise transaction_too_large()
    gathering.end()
    refuse_repeated_items([target[:2] for target in targets])
    meter.record(core.deps.metrics, context)
    return meter.add_list_to({"Responses": responses}, request, split=True)


def _select_in_transaction(
    core: Core, context: RequestContext, statement: Statement, entry: Wire, *, meter: Meter, targets: list[Target]
) -> Item | None:
    assert isinstance(statement, Select), "the caller looked"
    parameters = Parameters(statement.parameters, entry.get("Parameters", []))
    return execution.select_one(
        core, context, statement, parameters, meter, consistent=True, no_whole_key=NO_WHOLE_KEY, targets=targets
    )


def _refuse_mixture(statements: Sequence[Statement | ValidationException], operation: str) -> None:
    """Refuse reads beside writes; statements that cannot be parsed are reported by themselves."""
    kinds = {type(statement) for statement in statements if not isinstance(statement, ValidationException)}
    if Select in kinds and len(kinds) > 1:
        raise ValidationException(f"{operation} cannot mix read and write statements")
