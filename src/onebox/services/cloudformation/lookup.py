"""Finding the stack a request means, by name or id, and cutting lists into pages."""

from __future__ import annotations

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Stack
from onebox.services.context import RequestContext, Wire


def find_stack(core: Core, context: RequestContext, name_or_id: str) -> Stack | None:
    """The stack of this id, deleted or not, or the living one of this name."""
    if not name_or_id.startswith("arn:"):
        return core.store.stacks.find_by_name(context.account, context.region, name_or_id)
    stack = core.store.stacks.find(name_or_id)
    if stack is None or (stack.account, stack.region) != (context.account, context.region):
        return None
    return stack


def load_stack(
    core: Core, context: RequestContext, name_or_id: str, words: str = "Stack with id {} does not exist"
) -> Stack:
    """The stack. Raises ValidationError with ``words``, which differ from operation to operation at AWS."""
    stack = find_stack(core, context, name_or_id)
    if stack is None:
        raise ValidationError(words.format(name_or_id))
    return stack


def page_start(request: Wire) -> int:
    """Where the page begins that ``NextToken`` asks for."""
    token = request.get("NextToken")
    if token is None:
        return 0
    if not str(token).isdecimal():
        raise ValidationError("Invalid NextToken")
    return int(token)


def next_page(start: int, found: int) -> str | None:
    """The token of the next page, if a page and one more item were found."""
    return str(start + limits.PAGE_ITEMS) if found > limits.PAGE_ITEMS else None
