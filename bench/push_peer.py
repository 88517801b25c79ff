"""The peer: the tutorials' way of sending to everybody, a loop of `pywebpush.webpush()`. Run as a process of its own.

`python -m bench.push_peer FILE`: the file holds the subscriptions and the key as JSON. Prints what it took, as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

from pywebpush import webpush


def main(file: Path) -> None:
    given = json.loads(file.read_text(encoding="utf-8"))
    data = json.dumps({"title": given["title"], "body": given["body"]})
    before, started = _cpu_seconds(), time.perf_counter()
    for subscription in given["subscriptions"]:
        webpush(
            subscription_info=subscription,
            data=data,
            vapid_private_key=given["private_key"],
            vapid_claims={"sub": given["contact"]},
            # The tutorials leave both out; this push service is stricter than most.
            ttl=3600,
            headers={"Content-Type": "application/octet-stream"},
        )
    taken = {"cpu_seconds": _cpu_seconds() - before, "seconds": time.perf_counter() - started}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(taken | {"memory_mb": memory}))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]))
