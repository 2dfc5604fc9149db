"""Finding the stack a request means, by name or id, and cutting lists into pages."""

from __future__ import annotations

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Stack
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token


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
    place = read_token(request.get("NextToken"), _invalid_token, int)
    if place is not None and place[0] < 0:
        raise _invalid_token()
    return 0 if place is None else place[0]


def name_start(request: Wire) -> str:
    """The name after which the page begins; empty for the first page."""
    place = read_token(request.get("NextToken"), _invalid_token, str)
    return "" if place is None else place[0]


def _invalid_token() -> ValidationError:
    return ValidationError("Invalid NextToken: use the token of the page before, as it is.")


def next_page(start: int, found: int) -> str | None:
    """The token of the next page, if a page and one more item were found."""
    return make_token(start + limits.PAGE_ITEMS) if found > limits.PAGE_ITEMS else None
