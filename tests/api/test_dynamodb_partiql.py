"""Goal: PartiQL statements do what their API twins do, alone, in batches and in transactions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.dynamodb_support import create_table, index, make_client, message, refused


@pytest.fixture
def dynamodb(client: Any) -> Any:
    dynamodb = make_client(client)
    create_table(dynamodb)
    return dynamodb


@pytest.fixture
def readings(dynamodb: Any) -> Any:
    create_table(
        dynamodb,
        "Readings",
        "device:S",
        "at:N",
        attributes=["city:S"],
        GlobalSecondaryIndexes=[index("byCity", "city", "at", ["v"])],
    )
    for device, at in [("a", 1), ("a", 2), ("a", 3), ("b", 1)]:
        dynamodb.put_item(
            TableName="Readings",
            Item={
                "device": {"S": device},
                "at": {"N": str(at)},
                "city": {"S": "Rome"},
                "v": {"N": str(at * 10)},
                "m": {"M": {"deep": {"S": f"{device}{at}"}}},
            },
        )
    return dynamodb


def run(dynamodb: Any, statement: str, *parameters: Any, **more: Any) -> Any:
    given = {"Parameters": list(parameters)} if parameters else {}
    return dynamodb.execute_statement(Statement=statement, **given, **more)


def get(dynamodb: Any, order_id: str) -> Any:
    return dynamodb.get_item(TableName="Orders", Key={"orderId": {"S": order_id}}).get("Item")


def test_execute_statement_insert_literals_of_every_kind(dynamodb: Any) -> None:
    statement = """
        INSERT INTO "Orders" VALUE {'orderId': 'it''s', 'n': -1.50e1, 'yes': true, 'no': false, 'nil': null,
        'l': [1, 'x', ?], 'm': {'deep': {'q': ?}}, 'ss': <<'a', 'b'>>, 'ns': <<1, 2.0>>} -- a comment
    """
    assert run(dynamodb, statement, {"S": "first"}, {"N": "2.0"})["Items"] == []
    assert get(dynamodb, "it's") == {
        "orderId": {"S": "it's"},
        "n": {"N": "-15"},
        "yes": {"BOOL": True},
        "no": {"BOOL": False},
        "nil": {"NULL": True},
        "l": {"L": [{"N": "1"}, {"S": "x"}, {"S": "first"}]},
        "m": {"M": {"deep": {"M": {"q": {"N": "2"}}}}},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]},
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{'orderId': ?, 'v': ?}", {"orderId": {"S": "1"}, "v": {"S": "2"}}),
        ("{'v': ?, 'orderId': ?}", {"v": {"S": "1"}, "orderId": {"S": "2"}}),
        ("{'v': ?, 'v': ?, 'orderId': 'x'}", {"v": {"S": "2"}, "orderId": {"S": "x"}}),
        ("{'v': {'deep': [?]}, 'orderId': ?}", {"v": {"M": {"deep": {"L": [{"S": "1"}]}}}, "orderId": {"S": "2"}}),
    ],
)
def test_execute_statement_insert_takes_its_parameters_in_the_order_of_the_text(
    dynamodb: Any, value: str, expected: dict[str, Any]
) -> None:
    dynamodb.execute_statement(Statement=f"INSERT INTO Orders VALUE {value}", Parameters=[{"S": "1"}, {"S": "2"}])
    assert dynamodb.scan(TableName="Orders")["Items"] == [expected]


def test_execute_statement_insert_of_a_taken_key_is_a_duplicate(dynamodb: Any) -> None:
    statement = """INSERT INTO Orders VALUE {'orderId': ?, 'v': ?}"""
    run(dynamodb, statement, {"S": "1"}, {"N": "1"})
    answer = refused(
        dynamodb.execute_statement,
        "DuplicateItemException",
        Statement=statement,
        Parameters=[{"S": "1"}, {"N": "2"}],
    )
    assert answer["Error"]["Message"] == "Duplicate primary key exists in table"
    assert get(dynamodb, "1")["v"] == {"N": "1"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM Readings WHERE device = 'a' AND \"at\" = 2", [("a", 2)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND \"at\" >= 2", [("a", 2), ("a", 3)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND \"at\" BETWEEN 1 AND 2 AND v <> 10", [("a", 2)]),
        ("SELECT * FROM Readings WHERE device = 'a' ORDER BY \"at\" DESC", [("a", 3), ("a", 2), ("a", 1)]),
        ("SELECT * FROM Readings WHERE device IN ['b', 'a'] AND \"at\" < 3", [("b", 1), ("a", 1), ("a", 2)]),
        ("SELECT * FROM Readings WHERE device IN ('b', 'none')", [("b", 1)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND (v = 10 OR v = 30)", [("a", 1), ("a", 3)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND NOT v = 10 AND m.deep IS NOT MISSING", [("a", 2), ("a", 3)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND begins_with(m.deep, 'a3')", [("a", 3)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND contains(m['deep'], '2') AND size(m.deep) = 2", [("a", 2)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND nil IS MISSING AND v IN [10, 20]", [("a", 1), ("a", 2)]),
        ("SELECT * FROM Readings WHERE device = 'a' AND v NOT IN [10, 20]", [("a", 3)]),
        ('SELECT * FROM "Readings"."byCity" WHERE city = \'Rome\' AND "at" > 1', [("a", 2), ("a", 3)]),
        ("SELECT * FROM Readings WHERE device = 'none'", []),
    ],
)
def test_execute_statement_select_gives_the_items(readings: Any, statement: str, expected: list[Any]) -> None:
    items = run(readings, statement)["Items"]
    assert [(item["device"]["S"], int(item["at"]["N"])) for item in items] == expected


def test_execute_statement_select_without_key_scans(readings: Any) -> None:
    items = run(readings, "SELECT device, v FROM Readings WHERE v > ?", {"N": "15"})["Items"]
    assert sorted(item["v"]["N"] for item in items) == ["20", "30"]
    assert all(item.keys() == {"device", "v"} for item in items)


def test_execute_statement_select_names_nested_values_by_their_last_part(readings: Any) -> None:
    items = run(readings, "SELECT m.deep FROM Readings WHERE device = 'b'")["Items"]
    assert items == [{"deep": {"S": "b1"}}]


def test_execute_statement_select_pages_by_token(readings: Any) -> None:
    seen, token = [], None
    while True:
        more: dict[str, Any] = {} if token is None else {"NextToken": token}
        page = run(readings, "SELECT * FROM Readings WHERE device IN ['a', 'b']", Limit=2, **more)
        assert len(page["Items"]) <= 2
        seen += [(item["device"]["S"], item["at"]["N"]) for item in page["Items"]]
        token = page.get("NextToken")
        if token is None:
            break
    assert seen == [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")]


def test_execute_statement_update_sets_removes_and_returns(dynamodb: Any) -> None:
    dynamodb.put_item(
        TableName="Orders",
        Item={"orderId": {"S": "1"}, "n": {"N": "1"}, "gone": {"S": "x"}, "l": {"L": [{"N": "1"}]}, "t": {"SS": ["a"]}},
    )
    answer = run(
        dynamodb,
        "UPDATE Orders SET n = n + ? SET l = list_append(l, [?]), t = set_add(t, <<'b'>>) REMOVE gone "
        "WHERE orderId = '1' RETURNING ALL NEW *",
        {"N": "4"},
        {"S": "z"},
    )
    expected = {
        "orderId": {"S": "1"},
        "n": {"N": "5"},
        "l": {"L": [{"N": "1"}, {"S": "z"}]},
        "t": {"SS": ["a", "b"]},
    }
    assert answer["Items"] == [expected]
    assert get(dynamodb, "1") == expected
    answer = run(dynamodb, "UPDATE Orders SET n = 9 WHERE orderId = '1' RETURNING MODIFIED OLD *")
    assert answer["Items"] == [{"n": {"N": "5"}}]


def test_execute_statement_update_of_an_absent_item_fails(dynamodb: Any) -> None:
    words = message(
        dynamodb.execute_statement,
        "ConditionalCheckFailedException",
        Statement="UPDATE Orders SET n = 1 WHERE orderId = 'none'",
    )
    assert words == "The conditional request failed"
    assert get(dynamodb, "none") is None


def test_execute_statement_update_with_false_condition_shows_the_item(dynamodb: Any) -> None:
    item = {"orderId": {"S": "1"}, "n": {"N": "1"}}
    dynamodb.put_item(TableName="Orders", Item=item)
    answer = refused(
        dynamodb.execute_statement,
        "ConditionalCheckFailedException",
        Statement="UPDATE Orders SET n = 2 WHERE orderId = '1' AND n > 5",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert answer["Item"] == item


def test_execute_statement_delete_returns_the_old_item(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "n": {"N": "1"}})
    answer = run(dynamodb, "DELETE FROM Orders WHERE orderId = ? RETURNING ALL OLD *", {"S": "1"})
    assert answer["Items"] == [{"orderId": {"S": "1"}, "n": {"N": "1"}}]
    assert get(dynamodb, "1") is None
    run(dynamodb, "DELETE FROM Orders WHERE orderId = '1'")


MALFORMED = "Statement wasn't well formed, can't be processed: "


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM Orders WHERE " + "(" * 4000 + "a = 1",
        "SELECT * FROM Orders WHERE " + "NOT " * 1900 + "a = 1",
        "INSERT INTO Orders VALUE {'orderId': 'x', 'l': " + "[" * 4000 + "}",
        "SELECT * FROM Orders WHERE " + "begins_with(" * 500 + "a",
        "SELECT * FROM Orders WHERE a = " + "1 + " * 2000 + "1",
    ],
)
def test_execute_statement_deeply_nested_text_is_refused(dynamodb: Any, statement: str) -> None:
    assert message(dynamodb.execute_statement, Statement=statement)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECTT * FROM Orders", f"{MALFORMED}Expected data manipulation"),
        ("SELECT * FROM Orders WHERE orderId = 'x' foo", f"{MALFORMED}Unexpected token after expression"),
        ("SELECT * FROM Orders WHERE", f"{MALFORMED}Unexpected term"),
        ("SELECT * FROM", f"{MALFORMED}Unexpected term"),
        ("DELETE FROM", f"{MALFORMED}Expected identifier for simple path"),
        ("DELETE FROM WHERE orderId = 'a'", f"{MALFORMED}Expected identifier for simple path"),
        (
            "SELECT * FROM Orders WHERE orderId = 'a' AND",
            f"{MALFORMED}Missing right-hand side expression of infix operator",
        ),
        ("SELECT * FROM Orders WHERE ORDER BY orderId", f"{MALFORMED}Unexpected keyword"),
        ("SELECT * FROM Orders WHERE IS NULL", f"{MALFORMED}Unexpected operator"),
        ("SELECT * FROM Orders WHERE orderId = 'a' AND x IS FOO", f"{MALFORMED}Expected type name"),
        ("SELECT * FROM Orders WHERE orderId = 'a", MALFORMED),
        ("SELECT * FROM Orders t WHERE orderId = 'a'", "Aliasing is not supported"),
        ("SELECT * FROM Orders AS t WHERE orderId = 'a'", "Aliasing is not supported"),
        ("INSERT INTO Orders t VALUE {'orderId': 'x'}", f"{MALFORMED}Unexpected token after expression"),
        ("INSERT INTO Orders VALUE 'x'", f"{MALFORMED}Expected a tuple in VALUE"),
        ("INSERT INTO Orders (a, b) VALUES (1, 2)", f"{MALFORMED}Unexpected token after expression"),
        ("SELECT * FROM \"\" WHERE orderId = 'a'", "Path component cannot be an empty string"),
        ('SELECT * FROM "Orders"."a"."b"', "A path may contain at most 2 components in the FROM clause"),
        ('SELECT * FROM "Orders"."nope"', "The table does not have the specified index"),
        (
            "SELECT * FROM Orders WHERE orderId = 1e126",
            "Number overflow. Attempting to store a number with magnitude larger than supported range under root",
        ),
        (
            "DELETE FROM Orders WHERE orderId = 'x' RETURNING MODIFIED OLD *",
            "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE "
            "statements.",
        ),
        ("UPDATE Orders SET n = 1", "Where clause does not contain a mandatory equality on all key attributes"),
        (
            "DELETE FROM Orders WHERE n = 1",
            "Where clause does not contain a mandatory equality on all key attributes",
        ),
        (
            "UPDATE Orders SET orderId = 'b' WHERE orderId = 'a'",
            "One or more parameter values were invalid: Cannot update attribute orderId. This attribute is part "
            "of the key",
        ),
        (
            "SELECT * FROM Orders WHERE orderId = 'x' AND v < true",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        ("SELECT * FROM Orders WHERE orderId = ?", "Number of parameters in request and statement don't match."),
        (
            "INSERT INTO Orders VALUE {'x': 1}",
            "One or more parameter values were invalid: Missing the key orderId in the item",
        ),
        (
            "SELECT * FROM Orders ORDER BY orderId",
            "Must have WHERE clause in the statement when using ORDER BY clause.",
        ),
    ],
)
def test_execute_statement_invalid_text_is_refused_in_aws_words(dynamodb: Any, statement: str, words: str) -> None:
    assert message(dynamodb.execute_statement, Statement=statement) == words


def test_execute_statement_index_refusals(readings: Any) -> None:
    execute = readings.execute_statement
    assert message(execute, Statement="SELECT device FROM Readings.byCity WHERE city = 'x' AND m.deep = 'y'") == (
        "One or more parameter values were invalid: Secondary index byCity does not project one or more filter "
        "attributes: [m]"
    )
    assert message(execute, Statement="SELECT m FROM Readings.byCity WHERE city = 'x'") == (
        "One or more parameter values were invalid: Global secondary index byCity does not project [m]"
    )
    words = message(execute, Statement="SELECT * FROM Readings.byCity WHERE city = 'x'", ConsistentRead=True)
    assert words == "Strongly consistent read is not supported on Global Secondary Indexes"


def test_batch_execute_statement_each_statement_answers_in_its_place(dynamodb: Any) -> None:
    taken = {"orderId": {"S": "taken"}, "v": {"N": "1"}}
    dynamodb.put_item(TableName="Orders", Item=taken)
    insert = "INSERT INTO Orders VALUE {'orderId': ?, 'v': ?}"

    def entry(order_id: Any, **more: Any) -> dict[str, Any]:
        return {"Statement": insert, "Parameters": [order_id, {"N": "2"}], **more}

    answer = dynamodb.batch_execute_statement(
        Statements=[
            entry({"S": "new"}),
            entry({"S": "taken"}, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
            entry({"S": "taken"}),
            entry({"S": ""}),
            entry({"N": "1"}),
            {"Statement": "INSERT INTO Nowhere VALUE {'orderId': 'x'}"},
            {"Statement": "SLECT"},
            {"Statement": "UPDATE Orders SET v = 9 WHERE orderId = 'none'"},
            {"Statement": "UPDATE Orders SET v = 9 WHERE orderId = 'taken' AND v = 1 RETURNING MODIFIED NEW *"},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    codes = [response.get("Error", {}).get("Code") for response in answer["Responses"]]
    assert codes == [
        None,
        "DuplicateItem",
        "DuplicateItem",
        "ValidationError",
        "ValidationError",
        "ResourceNotFound",
        "ValidationError",
        "ConditionalCheckFailed",
        None,
    ]
    responses = answer["Responses"]
    assert responses[0] == {"TableName": "Orders"}
    assert responses[1]["Error"]["Item"] == taken
    assert "Item" not in responses[2]["Error"]
    assert "cannot contain an empty string value. Key: orderId" in responses[3]["Error"]["Message"]
    assert responses[6]["Error"]["Message"] == f"{MALFORMED}Expected data manipulation"
    assert responses[8]["Item"] == {"v": {"N": "9"}}
    assert get(dynamodb, "new")["v"] == {"N": "2"}
    assert dynamodb.describe_table(TableName="Orders")["Table"]["ItemCount"] == 2


def test_batch_execute_statement_reads_items_by_whole_key(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "v": {"N": "1"}})
    answer = dynamodb.batch_execute_statement(
        Statements=[
            {"Statement": "SELECT * FROM Orders WHERE orderId = '1'"},
            {"Statement": "SELECT * FROM Orders WHERE orderId = 'none'"},
            {"Statement": "SELECT * FROM Orders WHERE v = 1"},
        ]
    )
    first, second, third = answer["Responses"]
    assert first["Item"]["v"] == {"N": "1"}
    assert second == {"TableName": "Orders"}
    assert third["Error"]["Code"] == "ValidationError"


def test_batch_execute_statement_too_many_or_none_are_refused(dynamodb: Any) -> None:
    one = {"Statement": "SELECT * FROM Orders WHERE orderId = '1'"}
    assert "less than or equal to 25" in message(dynamodb.batch_execute_statement, Statements=[one] * 26)
    assert "greater than or equal to 1" in message(dynamodb.batch_execute_statement, Statements=[])


def test_batch_execute_statement_reads_beside_writes_are_refused(dynamodb: Any) -> None:
    read, other_read = ({"Statement": f"SELECT * FROM Orders WHERE orderId = '{key}'"} for key in ("o-1", "o-2"))
    write = {"Statement": "INSERT INTO Orders VALUE {'orderId': 'o-3'}"}
    unreadable = {"Statement": "SELEC"}
    for statements in ([read, write], [unreadable, write, read, other_read]):
        refusal = message(dynamodb.batch_execute_statement, Statements=statements)
        assert refusal == "BatchExecuteStatement cannot mix read and write statements"
    for alike in ([read, unreadable, other_read], [write, unreadable]):
        responses = dynamodb.batch_execute_statement(Statements=alike)["Responses"]
        assert [response.get("Error", {}).get("Code") for response in responses] == [
            "ValidationError" if statement is unreadable else None for statement in alike
        ]


def test_execute_transaction_is_all_or_nothing(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "taken"}})
    insert = "INSERT INTO Orders VALUE {'orderId': ?}"

    def statements(*ids: str) -> list[dict[str, Any]]:
        return [{"Statement": insert, "Parameters": [{"S": order_id}]} for order_id in ids]

    answer = refused(
        dynamodb.execute_transaction,
        "TransactionCanceledException",
        TransactStatements=statements("new", "taken"),
    )
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == ["None", "DuplicateItem"]
    assert get(dynamodb, "new") is None
    dynamodb.execute_transaction(
        TransactStatements=[
            *statements("new"),
            {"Statement": "EXISTS (SELECT * FROM Orders WHERE orderId = 'taken')"},
        ]
    )
    assert get(dynamodb, "new") is not None
    read = dynamodb.execute_transaction(
        TransactStatements=[
            {"Statement": "SELECT * FROM Orders WHERE orderId = 'new'"},
            {"Statement": "SELECT * FROM Orders WHERE orderId = 'none'"},
        ]
    )
    assert read["Responses"] == [{"Item": {"orderId": {"S": "new"}}}, {}]


def test_execute_transaction_same_token_applies_once(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "n": {"N": "0"}})
    request = {
        "TransactStatements": [{"Statement": "UPDATE Orders SET n = n + 1 WHERE orderId = '1'"}],
        "ClientRequestToken": "t",
        "ReturnConsumedCapacity": "INDEXES",
    }
    first = dynamodb.execute_transaction(**request)["ConsumedCapacity"][0]
    again = dynamodb.execute_transaction(**request)["ConsumedCapacity"][0]
    assert (first["WriteCapacityUnits"], again["ReadCapacityUnits"]) == (2.0, 2.0)
    assert get(dynamodb, "1")["n"] == {"N": "1"}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE Orders SET n = 1 WHERE orderId = 'x' RETURNING ALL NEW *",
            "RETURNING clause is not supported in ExecuteTransaction.",
        ),
        ('SELECT * FROM "Orders"."i" WHERE a = 1', "Reads on indices are not supported within transactions."),
        ("SELECT * FROM Orders WHERE", f"{MALFORMED}Unexpected term"),
    ],
)
def test_execute_transaction_invalid_statement_is_named_by_its_place(dynamodb: Any, statement: str, words: str) -> None:
    found = message(dynamodb.execute_transaction, TransactStatements=[{"Statement": statement}])
    assert found == f"Validation failed in TransactStatements[0]: {words}"
