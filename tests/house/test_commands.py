"""Goal: every command and file that a document or a message names exists, with the options that it is shown with, and
each command's summary is read whole."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from onebox.cli.main import main as onebox
from orders.cli.main import main as orders

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# What a person may read of the programs themselves.
SPEAKING = [
    ROOT / "template.yaml",
    *(path for kind in ("py", "html", "js") for path in sorted((ROOT / "src").rglob(f"*.{kind}"))),
]
COMMANDS: dict[str, click.Command] = {"orders": orders, "onebox": onebox}
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
# Where a command ends in a line of shell.
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "#", "&", "2>"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_and_options_of_a_document_exist(document: Path) -> None:
    wrong = [f"{' '.join(words)}: {why}" for words in _commands(document) if (why := _find_fault(words))]
    assert not wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_targets_of_make_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    named = re.findall(r"(?:^|`|&& )make ([a-z][a-z-]*)\b", text, re.MULTILINE)
    assert set(named) <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_that_a_document_names_exist(document: Path) -> None:
    named = re.findall(r"`((?:src|tests|docs|tools|examples)/[\w./-]+)`", document.read_text("utf-8"))
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_commands_that_a_message_names_exist() -> None:
    wrong = []
    for path in SPEAKING:
        text = re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8"))  # a sentence goes on in the next literal
        for call in re.findall(r"`((?:orders|onebox) [^`]+)`", text):
            words = _words(re.sub(r"\{[^}]*\}", "X", call))
            if why := _find_fault(words):
                wrong.append(f"{path.relative_to(ROOT)}: {call}: {why}")
    assert not wrong


@pytest.mark.parametrize("name", COMMANDS)
def test_no_summary_of_a_command_is_cut(name: str) -> None:
    for group in [(), *_groups(COMMANDS[name])]:
        done = CliRunner().invoke(COMMANDS[name], [*group, "--help"], terminal_width=80)
        assert done.exit_code == 0
        assert [line for line in done.output.splitlines() if re.match(r"  [a-z].*\.\.\.$", line)] == []


def _groups(command: click.Command, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names that lead to each group of commands below a command."""
    if not isinstance(command, click.Group):
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if isinstance(inner, click.Group):
            yield (*above, name)
            yield from _groups(inner, (*above, name))


def _commands(document: Path) -> list[list[str]]:
    """Each call of a command of ours, in blocks of code and in code within a sentence, as words."""
    text = document.read_text("utf-8")
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.partition(" # ")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines += [re.sub(r"\s+", " ", code) for code in re.findall(r"`([^`]+)`", prose)]
    calls = re.compile(r"(?:^\$? ?|[|&;] ?|until |do |if |\$\()(orders|onebox) (?!at )(?=[a-z-])")
    return [_words(line[start.start(1) :]) for line in lines for start in calls.finditer(line)]


def _words(line: str) -> list[str]:
    """The words of one command, up to what ends it."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if word in _ENDS or set(word) <= set("|&;<>()"):
                break
            words.append(word)
    except ValueError:  # a quotation that goes on in the next line
        pass
    return words


def _find_fault(words: list[str]) -> str:
    command, rest = COMMANDS[words[0]], words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if not re.fullmatch(r"[a-z][a-z-]*", name):
            return ""
        inner = command.get_command(click.Context(command), name)
        if inner is None:
            return f"there is no {name}"
        command = inner
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "--version"}
    unknown = [word for word in rest if re.match("--[a-z]", word) and word.partition("=")[0].rstrip(",.:") not in known]
    return f"no option {unknown[0]}" if unknown else ""
