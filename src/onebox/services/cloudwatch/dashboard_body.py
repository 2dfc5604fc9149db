"""What is wrong with a dashboard's body. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from typing import Any

from onebox.text.documents import parse_object

_WIDGETS_MAX = 500
_WIDGET_TYPES = ("metric", "text", "log", "alarm", "explorer", "custom")
_SIZES = (("x", 0, 23), ("y", 0, None), ("width", 1, 24), ("height", 1, 1000))


def find_faults(body: str) -> list[dict[str, str]]:
    """What is wrong with a dashboard's body: where (DataPath) and why (Message). Pure."""
    try:
        document = parse_object(body)
    except ValueError:
        return [_fault("", "The field DashboardBody must be a valid JSON object")]
    widgets = document.get("widgets")
    if widgets is None:
        return [_fault("/widgets", "Should have property widgets")]
    if not isinstance(widgets, list):
        return [_fault("/widgets", "Should be an array")]
    if len(widgets) > _WIDGETS_MAX:
        return [_fault("/widgets", f"Should not have more than {_WIDGETS_MAX} items")]
    return [fault for place, widget in enumerate(widgets) for fault in _widget_faults(place, widget)]


def _widget_faults(place: int, widget: Any) -> list[dict[str, str]]:
    path = f"/widgets/{place}"
    if not isinstance(widget, dict):
        return [_fault(path, "Should be an object")]
    faults = []
    if widget.get("type") not in _WIDGET_TYPES:
        faults.append(_fault(f"{path}/type", f"Should be one of {', '.join(_WIDGET_TYPES)}"))
    if not isinstance(widget.get("properties"), dict):
        faults.append(_fault(f"{path}/properties", "Should have property properties"))
    for member, lowest, highest in _SIZES:
        value = widget.get(member, lowest)
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            faults.append(_fault(f"{path}/{member}", f"Should be an integer >= {lowest}"))
        elif highest is not None and value > highest:
            faults.append(_fault(f"{path}/{member}", f"Should be <= {highest}"))
    return faults


def _fault(path: str, message: str) -> dict[str, str]:
    return {"DataPath": path, "Message": message}
