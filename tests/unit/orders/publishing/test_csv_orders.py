"""Goal: each line of a CSV file becomes the order that the mapping says, or is named with its line and reason."""

from __future__ import annotations

import gzip
from io import StringIO
from pathlib import Path

import pytest

from orders.errors import OperatorError
from orders.publishing.csv_orders import Column, parse_columns, read_csv
from orders.publishing.order_files import read_entries

EXPORT = 'Number,Amount,Who,Note\n1001,19.90,ada,\n1002,abc,bob,x\n1003,5\n\n1004,7,"o\'hara","two\nlines"\n1005,8,,\n'


def test_parse_columns_of_a_mapping() -> None:
    assert parse_columns(["orderId=Number,total=Amount:decimal", "note=A: B:string"]) == [
        Column("orderId", "Number", "string"),
        Column("total", "Amount", "decimal"),
        Column("note", "A: B", "string"),
    ]


@pytest.mark.parametrize("text", ["orderId", "=x", "orderId=", "orderId=A:money", "total=A", "orderId=A,orderId=B"])
def test_parse_columns_of_what_is_no_mapping_says_what_to_write(text: str) -> None:
    with pytest.raises(OperatorError):
        parse_columns([text])


def test_read_csv_with_a_mapping_keeps_digits_and_names_bad_lines() -> None:
    columns = parse_columns(["orderId=Number,total=Amount,userId=Who,note=Note"])
    assert list(read_csv(StringIO(EXPORT, newline=""), "f", columns)) == [
        (2, '{"orderId":"1001","total":19.90,"userId":"ada"}', None),
        (3, "1002,abc,bob,x", "total: 'abc' in column Amount is not a valid decimal"),
        (4, "1003,5", "2 cells, but the header has 4 columns"),
        (6, '{"orderId":"1004","total":7,"userId":"o\'hara","note":"two\\nlines"}', None),
        (8, '{"orderId":"1005","total":8}', None),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_read_csv_without_a_mapping_takes_the_columns_names(delimiter: str) -> None:
    text = "orderId,status,total,items,paid\n7,new,1.50,[],yes\n".replace(",", delimiter)
    ((_, order, _),) = read_csv(StringIO(text), "f")
    assert order == '{"orderId":"7","status":"new","total":1.50,"items":[],"paid":"yes"}'


def test_read_csv_reads_each_type() -> None:
    columns = parse_columns(["orderId=a,b=b:boolean,i=c:integer,j=d:json"])
    ((_, order, _),) = read_csv(StringIO('a;b;c;d\n1;no;42;{"x": 1.0}\n'), "f", columns)
    assert order == '{"orderId":"1","b":false,"i":42,"j":{"x":1.0}}'


@pytest.mark.parametrize("cell", ["maybe", ""])
def test_read_csv_of_a_value_of_another_type_names_it(cell: str) -> None:
    ((_, _, problem),) = read_csv(StringIO(f"a,b\n1,{cell}\n"), "f", parse_columns(["orderId=a,b=b:boolean"]))
    assert problem == (None if not cell else "b: 'maybe' in column b is not a valid boolean")


def test_read_csv_without_the_column_says_which_there_are() -> None:
    with pytest.raises(OperatorError, match="no column Number; it has a, b"):
        list(read_csv(StringIO("a,b\n"), "f", parse_columns(["orderId=Number"])))
    with pytest.raises(OperatorError, match="no column orderId"):
        list(read_csv(StringIO("a,b\n"), "f"))


@pytest.mark.parametrize("content", ["", "\n", "orderId\n"])
def test_read_csv_without_orders_gives_none(content: str) -> None:
    columns = [] if content.startswith("orderId") else parse_columns(["orderId=a"])
    assert list(read_csv(StringIO(content), "f", columns)) == []


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "export"])
def test_read_entries_of_csv_by_name_or_mapping_gives_lines_and_problems(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = ("\ufeff" + EXPORT).encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    entries = list(read_entries(str(path), parse_columns(["orderId=Number,total=Amount"])))
    assert [(entry.number, entry.line, entry.problem is None) for entry in entries] == [
        (1, 2, True),
        (2, 3, False),
        (3, 4, False),
        (4, 6, True),
        (5, 8, True),
    ]
    assert entries[0].text == '{"orderId":"1001","total":19.90}'
