"""Goal: each order of a file comes out with its own text and its own line, in whatever form the file is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from orders.publishing.order_files import STDIN, count_bytes, fingerprint, read_content, read_entries

ONE, TWO = '{"orderId":"1","total":22.20}', '{"orderId": "2", "note": "£ ], {"}'
PRETTY = '{\n  "orderId": "1",\n  "total": 22.20\n}'

FORMS: dict[str, tuple[str, str, list[tuple[int, str]]]] = {
    "JSON Lines": ("a.jsonl", f"{ONE}\n{TWO}\n", [(1, ONE), (2, TWO)]),
    "JSON Lines without their suffix": ("a.txt", f"\n{ONE}\r\n\n{TWO}", [(2, ONE), (4, TWO)]),
    "JSON Lines with a bad first line": ("a.jsonl", f"oops\n{TWO}\n", [(1, "oops"), (2, TWO)]),
    "document": ("a.json", PRETTY, [(1, PRETTY)]),
    "documents": ("a.json", f"{PRETTY}\n{TWO}", [(1, PRETTY), (5, TWO)]),
    "array": ("a.json", f"[\n{ONE},\n{PRETTY}\n]\n", [(2, ONE), (3, PRETTY)]),
    "array on one line": ("a.json", f"[{ONE},{TWO}]", [(1, ONE), (1, TWO)]),
    "empty array": ("a.json", "[]", []),
    "array cut off": ("a.json", f'[{ONE},\n{{"orderId"', [(1, ONE), (2, '{"orderId"')]),
    "nothing": ("a.json", "\n\n", []),
    "byte order mark": ("a.jsonl", f"\ufeff{ONE}\n", [(1, ONE)]),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("name", "content", "expected"), FORMS.values(), ids=FORMS.keys())
def test_read_entries(tmp_path: Path, name: str, content: str, expected: list[tuple[int, str]], packed: bool) -> None:
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    entries = list(read_entries(str(path)))
    assert [(entry.line, entry.text) for entry in entries] == expected
    assert [entry.number for entry in entries] == list(range(1, len(expected) + 1))


def test_what_is_not_utf_8_is_a_problem_of_its_own_order_alone(tmp_path: Path) -> None:
    latin = '{"orderId": "José"}'.encode("latin-1")
    files = {
        "a.jsonl": ONE.encode() + b"\n" + latin + b"\n" + TWO.encode(),
        "a.json": b"[" + ONE.encode() + b",\n" + latin + b",\n" + TWO.encode() + b"]",
        "a.csv": b"orderId,note\n1,\xc2\xa3\nJos\xe9,\n2,x",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        problems = [entry.problem for entry in read_entries(str(tmp_path / name))]
        assert problems[0] is problems[2] is None
        assert str(problems[1]).startswith("not UTF-8: byte 0xe9 at character"), name


def test_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    marks = set()
    for content in ("a" * 200_000, "a" * 199_999 + "b", "b" + "a" * 199_999, "a" * 200_001):
        path.write_text(content)
        marks.add(fingerprint(str(path)))
    assert len(marks) == 4


def test_count_bytes_is_the_unpacked_size(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_bytes(b"x" * 12_345)
    packed.write_bytes(gzip.compress(b"x" * 12_345))
    assert [count_bytes(str(plain)), count_bytes(str(packed)), count_bytes(STDIN)] == [12_345, 12_345, None]


def test_lines_whose_first_is_broken_are_read_one_by_one() -> None:
    text = b'{"orderId":"1"\n{"orderId":"2"}\n\n{"orderId":"4"}\n'
    found = [(entry.line, entry.text) for entry in read_content("pasted", text)]
    assert found == [(1, '{"orderId":"1"'), (2, '{"orderId":"2"}'), (4, '{"orderId":"4"}')]


def test_a_document_over_several_lines_is_one_order() -> None:
    text = '\ufeff{\n"orderId": "1",\n"gift":\n{"for":"Ada"}\n}\n'
    assert [entry.text for entry in read_content("pasted", text.encode())] == [text.strip("\ufeff\n")]
