"""Values as WebDriver BiDi writes them, read into plain Python ones."""

from collections.abc import Mapping
from typing import Any

NUMBERS = {"NaN": float("nan"), "-0": -0.0, "Infinity": float("inf"), "-Infinity": float("-inf")}


def as_plain(remote: Mapping[str, Any]) -> Any:
    """Objects and maps are dicts, arrays and sets lists; what has no plain form is the name of its kind."""
    match remote:
        case {"type": "null" | "undefined"}:
            return None
        case {"type": "number", "value": str() as name}:
            return NUMBERS[name]
        case {"type": "string" | "number" | "boolean" | "date", "value": value}:
            return value
        case {"type": "bigint", "value": digits}:
            return int(digits)
        case {"type": "array" | "set" | "nodelist" | "htmlcollection", "value": items}:
            return [as_plain(item) for item in items]
        case {"type": "object" | "map", "value": pairs}:
            return {key if isinstance(key, str) else as_plain(key): as_plain(value) for key, value in pairs}
    return f"<{remote['type']}>"
