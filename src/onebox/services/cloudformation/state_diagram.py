"""Draws the stacks' states for ``docs/cloudformation.md``: ``python -m onebox.services.cloudformation.state_diagram``.

Promises: every transition of the table is one line of the diagram, and nothing else is.
"""

from __future__ import annotations

from onebox.services.cloudformation.states import NEW, STACK_STATES, StackTrigger

_OFFERED = (
    StackTrigger.UPDATE,
    StackTrigger.DELETE,
    StackTrigger.CANCEL,
    StackTrigger.ROLL_BACK,
    StackTrigger.CONTINUE,
)


def draw_diagram() -> str:
    """The table as a Mermaid state diagram. Several triggers between the same two states share an arrow."""
    lines = ["stateDiagram-v2"]
    for status, state in STACK_STATES.items():
        triggers: dict[str, list[str]] = {}
        for trigger, following in state.next.items():
            triggers.setdefault(following, []).append(trigger.value)
        lines += [
            f"    {status or '[*]'} --> {following}: {' / '.join(words)}" for following, words in triggers.items()
        ]
        if state.is_deleted:
            lines.append(f"    {status} --> [*]")
    return "\n".join(lines)


def draw_table() -> str:
    """The operations allowed in each state, as a Markdown table."""
    header = ["state", "in progress", *(trigger.value for trigger in _OFFERED), "DetectStackDrift"]
    rows = [
        [
            f"`{status}`",
            _mark(state.operation is not None),
            *(_mark(trigger in state.next) for trigger in _OFFERED),
            _mark(state.drift_detectable),
        ]
        for status, state in STACK_STATES.items()
        if status != NEW
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


def draw_section() -> str:
    """The generated part of the page."""
    return f"```mermaid\n{draw_diagram()}\n```\n\n{draw_table()}\n"


def _mark(allowed: bool) -> str:
    return "yes" if allowed else ""


if __name__ == "__main__":
    print(draw_section(), end="")
