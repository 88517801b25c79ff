"""What a proof says: one JSON line on stdout for each figure, with its bound and whether that holds.

What goes on meanwhile is told on stderr, as the measurements in `bench` do.
"""

import json
from typing import Any


class Figures:
    def __init__(self) -> None:
        self.broken: list[str] = []

    def show(
        self, figure: str, value: float, how: str, *, most: float | None = None, least: float | None = None
    ) -> None:
        """A figure without a bound only informs."""
        line: dict[str, Any] = {"figure": figure, "value": round(value, 3)}
        if most is not None or least is not None:
            holds = (most is None or value <= most) and (least is None or value >= least)
            bounds = {"most": most, "least": least}
            line |= {name: bound for name, bound in bounds.items() if bound is not None} | {"holds": holds}
            if not holds:
                self.broken.append(figure)
        print(json.dumps(line | {"how": how}, ensure_ascii=False), flush=True)
