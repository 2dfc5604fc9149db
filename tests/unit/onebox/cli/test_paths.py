"""Goal: whatever lies at a path that a command is given, it ends with exit code 1, one sentence, and makes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from onebox.cli.main import main

FOREIGN = ("other.db", "is a SQLite database of another program")
NO_DATABASE = [
    ("missing", "there is no file"),
    ("folder", "is a folder"),
    ("text/inside", "there is no file"),
    ("text", "is not a database"),
    ("empty", "is not a database"),
    FOREIGN,
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "text").write_text("no database\n" * 1_000)
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "other.db", tmp_path / "folder" / "onebox.db"):
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE customers (name)")
        connection.commit()
        connection.close()
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assert_refused(done: Result, words: str) -> None:
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("onebox: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["check", "restore"])
@pytest.mark.parametrize(("name", "words"), NO_DATABASE, ids=[name for name, _ in NO_DATABASE])
def test_a_file_that_is_no_database(place: Path, command: str, name: str, words: str) -> None:
    assert_refused(run(command, place / name, "--data", place / "data"), words)
    assert not (place / "data").exists()


@pytest.mark.parametrize("command", [["check"], ["compact"], ["backup", "/tmp/never-made"]], ids=" ".join)
@pytest.mark.parametrize(
    ("data", "words"),
    [("nowhere", "`onebox serve`"), ("text", "there is no database"), ("folder", FOREIGN[1])],
    ids=["missing", "a file", "another program's database"],
)
def test_a_data_folder_without_a_database(place: Path, command: list[str], data: str, words: str) -> None:
    assert_refused(run(*command, "--data", place / data), words)
    assert not (place / "nowhere").exists()


def test_a_backup_names_a_file(place: Path) -> None:
    run("iam", "create-admin", "--data", place / "data")
    assert_refused(run("backup", place / "folder", "--data", place / "data"), "is a folder")


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["iam", "create-admin"]], ids=" ".join)
def test_a_data_folder_that_is_a_file(place: Path, command: list[str]) -> None:
    done = run(*command, "--data", place / "text")
    assert (done.exit_code, "cannot write to the data folder" in done.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [["check", "--nonsense"], ["restore"], ["operations", "nope"]], ids=" ".join)
def test_a_wrong_command_line_has_a_code_of_its_own(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
