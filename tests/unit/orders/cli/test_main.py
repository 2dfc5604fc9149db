"""Goal: --help lists every command once, each on one line of a terminal of 80 columns."""

from __future__ import annotations

from click.testing import CliRunner

from orders.cli.main import COMMANDS, SECTIONS, main


def test_every_command_stands_in_one_section() -> None:
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)


def test_each_command_has_one_line() -> None:
    lines = CliRunner().invoke(main, ["--help"], terminal_width=80).output.splitlines()
    for name, (_, _, text) in COMMANDS.items():
        assert any(line.split() == [name, *text.split()] for line in lines), name
