"""Goal: expressions are parsed, refused and evaluated as DynamoDB does."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import ValidationException
from onebox.services.dynamodb.expressions.binding.bindings import Bindings
from onebox.services.dynamodb.expressions.conditions import holds
from onebox.services.dynamodb.expressions.projections import project
from onebox.services.dynamodb.expressions.updates import apply_actions

ITEM: dict[str, Any] = {
    "n": {"N": "5"},
    "s": {"S": "hello"},
    "b": {"B": "aGVsbG8="},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "tags": {"SS": ["red", "blue"]},
    "list": {"L": [{"S": "x"}, {"N": "2"}, {"M": {"k": {"S": "v"}}}]},
    "map": {"M": {"inner": {"M": {"deep": {"N": "7"}}}}},
}
VALUES: dict[str, dict[str, Any]] = {
    ":five": {"N": "5"},
    ":six": {"N": "6"},
    ":he": {"S": "he"},
    ":hello": {"S": "hello"},
    ":red": {"S": "red"},
    ":two": {"N": "2"},
    ":str": {"S": "S"},
    ":tags": {"SS": ["blue", "red"]},
    ":bin": {"B": "aGU="},
    ":true": {"BOOL": True},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n = :five", True),
        ("n <> :five", False),
        ("n < :six AND n >= :five", True),
        ("n < :hello", False),
        ("absent = :five", False),
        ("absent <> :five", True),
        ("absent < :five", False),
        ("NOT absent = :five", True),
        ("s BETWEEN :he AND :hello", True),
        ("n IN (:two, :five)", True),
        ("absent IN (:two)", False),
        ("begins_with(s, :he)", True),
        ("begins_with(b, :bin)", True),
        ("begins_with(n, :he)", False),
        ("contains(s, :he)", True),
        ("contains(tags, :red)", True),
        ("contains(tags, :he)", False),
        ("contains(#l, :two)", True),
        ("contains(n, :five)", False),
        ("tags = :tags", True),
        ("yes = :true", True),
        ("attribute_exists(#m.#m)", False),
        ("attribute_exists(#m.#i.deep)", True),
        ("attribute_not_exists(absent)", True),
        ("attribute_type(s, :str)", True),
        ("attribute_type(n, :str)", False),
        ("size(s) = :five", True),
        ("size(tags) = :two", True),
        ("size(#l) > :two", True),
        ("size(n) > :two", False),
        ("size(b) = :five", True),
        ("#l[1] = :two", True),
        ("#l[9] = :two", False),
        ("#l[2].k = :he", False),
        ("n = :six OR n = :five AND s = :hello", True),
        ("(n = :six OR n = :five) AND s = :he", False),
        ("NOT (n = :five AND s = :he)", True),
        ("not n = :six and s = :hello", True),
    ],
)
def test_condition_over_the_sample_item(text: str, expected: bool) -> None:
    bindings = Bindings({"#l": "list", "#m": "map", "#i": "inner"}, VALUES)
    assert holds(bindings.condition(text), ITEM) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Invalid ConditionExpression: The expression can not be empty;"),
        ("a =", 'Syntax error; token: "<EOF>", near: "="'),
        ("a == :five", 'Syntax error; token: "=", near: "== :five"'),
        ("a = :five extra", 'Syntax error; token: "extra", near: ":five extra"'),
        ("a & :five", 'Syntax error; token: "&", near: "a & :five"'),
        ("status = :five", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("a.Items = :five", "Attribute name is a reserved keyword; reserved keyword: Items"),
        ("((a = :five))", "The expression has redundant parentheses;"),
        ("((a)) = :five", "The expression has redundant parentheses;"),
        ("foo(a)", "Invalid function name; function: foo"),
        ("ATTRIBUTE_EXISTS(a)", "Invalid function name; function: ATTRIBUTE_EXISTS"),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        ("attribute_exists(a) = :five", "not allowed to be used this way in an expression; function: attribute_exists"),
        ("begins_with(a)", "operator or function: begins_with, number of operands: 1"),
        (
            "attribute_exists(:five)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        ("a = a", "operator: =, first operand: [a]"),
        ("contains(#a, #a)", "operator: contains, first operand: [aa]"),
        ("#undefined = :five", "attribute name used in the document path is not defined; attribute name: #undefined"),
        ("a = :undefined", "attribute value used in expression is not defined; attribute value: :undefined"),
        ("a < :true", "Incorrect operand type for operator or function; operator: <, operand type: BOOL"),
        ("begins_with(a, :five)", "operator or function: begins_with, operand type: N"),
        ("attribute_type(a, :five)", "operator or function: attribute_type, operand type: N"),
        ("attribute_type(a, :he)", "Invalid attribute type name found; type: he, valid types:"),
        ("size(:five) = :five", "operator or function: size, operand type: N"),
        ("a BETWEEN :six AND :five", "requires upper bound to be greater than or equal to lower bound"),
        ("a BETWEEN :five AND :he", "requires same data type for lower and upper bounds"),
        ("a AND b = :five", "Syntax error"),
        ("a IN ()", "Syntax error"),
        ("a IN (" + ", ".join([":five"] * 101) + ")", "number of operands: 101"),
        ("a = :five" + " OR a = :five" * 400, "Expression size has exceeded the maximum allowed size;"),
        ("a=:x" + " OR a=:x" * 300, "too many operators"),
        ("(" * 1500 + "a = :five", "too many operators"),
        ("size(" * 800 + "a", "too many operators"),
        ("NOT " * 900 + "a = :five", "too many operators"),
        (".".join("abcdefghijklmnopqrstuvwxyzabcdefg") + " = :five", "too many nesting elements; nesting levels: 33"),
    ],
)
def test_condition_invalid_text_is_refused_in_aws_words(text: str, words: str) -> None:
    with pytest.raises(ValidationException) as caught:
        Bindings({"#a": "aa"}, {**VALUES, ":x": {"N": "1"}}).condition(text)
    assert words in caught.value.message
    assert caught.value.message.startswith("Invalid ConditionExpression: ")


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SET n = n + :two", {"n": {"N": "7"}}),
        ("SET n = :two - n", {"n": {"N": "-3"}}),
        ("SET fresh = if_not_exists(fresh, :five) + :two", {"fresh": {"N": "7"}}),
        ("SET n = if_not_exists(n, :two)", {}),
        ("SET s = :hello, n = :two", {"n": {"N": "2"}}),
        ("SET #l = list_append(#l, #l)", {"list": {"L": ITEM["list"]["L"] * 2}}),
        ("SET #l[7] = :two", {"list": {"L": [*ITEM["list"]["L"], {"N": "2"}]}}),
        ("SET #l[0] = :two REMOVE #l[1]", {"list": {"L": [{"N": "2"}, ITEM["list"]["L"][2]]}}),
        ("REMOVE #l[0], #l[2]", {"list": {"L": [{"N": "2"}]}}),
        ("REMOVE #l[9]", {}),
        ("SET #m.#i.fresh = :two", {"map": {"M": {"inner": {"M": {"deep": {"N": "7"}, "fresh": {"N": "2"}}}}}}),
        ("REMOVE #m.#i.deep", {"map": {"M": {"inner": {"M": {}}}}}),
        ("REMOVE absent", {}),
        ("ADD n :two", {"n": {"N": "7"}}),
        ("ADD fresh :two", {"fresh": {"N": "2"}}),
        ("ADD tags :more", {"tags": {"SS": ["red", "blue", "green"]}}),
        ("DELETE tags :some", {"tags": {"SS": ["blue"]}}),
        ("DELETE absent :some", {}),
        ("SET n = s, s = n", {"n": {"S": "hello"}, "s": {"N": "5"}}),
        ("SET fresh = n REMOVE n", {"fresh": {"N": "5"}, "n": None}),
        ("DELETE tags :all", {"tags": None}),
    ],
)
def test_update_of_the_sample_item(text: str, changes: dict[str, Any]) -> None:
    values = {
        **VALUES,
        ":more": {"SS": ["green", "red"]},
        ":some": {"SS": ["red", "pink"]},
        ":all": {"SS": ["red", "blue"]},
    }
    actions = Bindings({"#l": "list", "#m": "map", "#i": "inner"}, values).update(text)
    before = repr(ITEM)
    expected = {name: value for name, value in {**ITEM, **changes}.items() if value is not None}
    assert apply_actions(actions, ITEM) == expected
    assert repr(ITEM) == before, "the old item is not touched"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Invalid UpdateExpression: The expression can not be empty;"),
        ("INVALID SYNTAX HERE", 'Invalid UpdateExpression: Syntax error; token: "INVALID", near: "INVALID SYNTAX"'),
        ("SET a = :five SET b = :five", 'The "SET" section can only be used once in an update expression;'),
        (
            "SET a = :five, a = :six",
            "Two document paths overlap with each other; must remove or rewrite one of these "
            "paths; path one: [a], path two: [a]",
        ),
        ("SET a.b = :five REMOVE a", "path one: [a, b], path two: [a]"),
        ("SET a.b = :five, a[0] = :six", "Two document paths conflict with each other"),
        ("SET a = foo(b, :five)", "Invalid function name; function: foo"),
        ("SET a = :he + :five", "operator or function: +, operand type: S"),
        ("SET a = list_append(:he, :five)", "operator or function: list_append, operand type: S"),
        ("ADD a :he", "operator: ADD, operand type: STRING"),
        ("DELETE a :five", "operator: DELETE, operand type: NUMBER"),
        ("SET status = :five", "reserved keyword: status"),
        ("SET a = :five,", 'token: "<EOF>", near: ","'),
        ("SET", 'token: "<EOF>", near: "SET"'),
        ("SET a = " + "(" * 4000 + "b", "too many operators"),
        ("SET a = " + "if_not_exists(b, " * 230 + ":five", "too many operators"),
        ("SET n = absent + :five", "The provided expression refers to an attribute that does not exist in the item"),
        ("SET a.b = :five", "The document path provided in the update expression is invalid for update"),
        ("SET n.b = :five", "The document path provided in the update expression is invalid for update"),
        ("REMOVE a.b", "The document path provided in the update expression is invalid for update"),
        ("ADD s :five", "An operand in the update expression has an incorrect data type"),
        ("DELETE n :tags", "An operand in the update expression has an incorrect data type"),
        ("SET x = s + :five", "An operand in the update expression has an incorrect data type"),
    ],
)
def test_update_invalid_is_refused_in_aws_words(text: str, words: str) -> None:
    with pytest.raises(ValidationException) as caught:
        apply_actions(Bindings({}, VALUES).update(text), ITEM)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n, s", {"n": ITEM["n"], "s": ITEM["s"]}),
        ("absent", {}),
        ("#m.#i", {"map": ITEM["map"]}),
        ("#m.#i.absent", {}),
        ("#l[2], #l[0]", {"list": {"L": [ITEM["list"]["L"][0], ITEM["list"]["L"][2]]}}),
        ("#l[2].k, n", {"list": {"L": [{"M": {"k": {"S": "v"}}}]}, "n": ITEM["n"]}),
        ("n.x", {}),
    ],
)
def test_projection_of_the_sample_item(text: str, expected: dict[str, Any]) -> None:
    paths = Bindings({"#l": "list", "#m": "map", "#i": "inner"}).projection(text)
    assert project(ITEM, paths) == expected


# A model of conditions in Python: attributes a, b, c hold numbers or are absent.
_attributes = st.dictionaries(st.sampled_from("abc"), st.integers(-3, 3), max_size=3)
_comparisons = st.tuples(st.sampled_from("abc"), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), st.integers(-3, 3))
_trees = st.recursive(
    _comparisons,
    lambda inner: st.tuples(st.just("NOT"), inner) | st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
    max_leaves=8,
)


def _written(tree: Any) -> str:
    if tree[0] == "NOT":
        return f"NOT ({_written(tree[1])})"
    if tree[0] in ("AND", "OR"):
        return f"({_written(tree[1])}) {tree[0]} ({_written(tree[2])})"
    name, operator, number = tree
    return f"{name} {operator} :v{number + 3}"


def _modelled(tree: Any, item: dict[str, int]) -> bool:
    if tree[0] == "NOT":
        return not _modelled(tree[1], item)
    if tree[0] == "AND":
        return _modelled(tree[1], item) and _modelled(tree[2], item)
    if tree[0] == "OR":
        return _modelled(tree[1], item) or _modelled(tree[2], item)
    name: str = tree[0]
    operator: str = tree[1]
    number: int = tree[2]
    if name not in item:
        return operator == "<>"
    value = item[name]
    return {
        "=": value == number,
        "<>": value != number,
        "<": value < number,
        "<=": value <= number,
        ">": value > number,
        ">=": value >= number,
    }[operator]


@given(_trees, _attributes)
def test_condition_any_tree_agrees_with_the_model(tree: Any, attributes: dict[str, int]) -> None:
    values = {f":v{number + 3}": {"N": str(number)} for number in range(-3, 4)}
    item = {name: {"N": str(number)} for name, number in attributes.items()}
    assert holds(Bindings({}, values).condition(_written(tree)), item) == _modelled(tree, attributes)


@pytest.mark.parametrize("kind", ["condition", "projection", "update"])
@given(text=st.text("ab#:.[]()=<>+-, ANDORTNI019\n", max_size=40))
def test_expressions_any_text_parses_or_gives_a_client_error(kind: str, text: str) -> None:
    with contextlib.suppress(ValidationException):
        getattr(Bindings({"#a": "a"}, VALUES), kind)(text)
