"""The peers in Python, each a process of its own: encryption alone, and the tutorials' way of sending to everybody.

`python -m bench.push_peer encode|webpush FILE`: the file holds the subscriptions, the payload and the key as JSON.
`FROM COUNT` on standard input does it for so many of them; what that took is said as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pywebpush import WebPusher, webpush


def main(way: str, file: Path) -> None:
    given = json.loads(file.read_text(encoding="utf-8"))
    do = WAYS[way]
    print("Ready", flush=True)
    for line in sys.stdin:
        start, count = map(int, line.split())
        before = time.process_time()
        for subscription in given["subscriptions"][start : start + count]:
            do(given, subscription)
        print(json.dumps({"cpu_seconds": time.process_time() - before}), flush=True)


def _encode(given: dict[str, Any], subscription: dict[str, Any]) -> None:
    WebPusher(subscription).encode(given["payload"].encode())


def _webpush(given: dict[str, Any], subscription: dict[str, Any]) -> None:
    webpush(
        subscription_info=subscription,
        data=given["payload"],
        vapid_private_key=given["private_key"],
        vapid_claims={"sub": given["contact"]},
        # The tutorials leave both out; push services are stricter than that.
        ttl=3600,
        headers={"Content-Type": "application/octet-stream"},
    )


WAYS: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {"encode": _encode, "webpush": _webpush}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
