"""What opens a door is hidden in every line of a process of ours, also in the one that it ends with."""

import re
import subprocess
import sys

import pytest

from tests.push.browser_keys import BrowserKeys
from tests.test_logs import TEXT, written
from webpush_app import logs
from webpush_app.config import ROOT
from webpush_app.protocol import vapid_keys

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl5xKq9vQ0Zx3Yt7"
KEYS = BrowserKeys.make().to_json(ENDPOINT)["keys"]
assert isinstance(KEYS, dict)


def warning(message: str) -> str:
    return written(lambda logger: logger.warning("%s", message))


@pytest.mark.parametrize(
    "secret",
    [
        ENDPOINT,
        ENDPOINT.partition("/wpush")[2],
        KEYS["p256dh"],
        "GTVD5fS1rUZ0SYpV8h5xKq",
        vapid_keys.generate().private_text,
        "AwYAAAB%2fL9aXk2Zq7%2bH1Yt%3d",
    ],
)
def test_an_endpoint_and_a_key_are_hidden_wherever_they_stand(secret: str) -> None:
    for message in (secret, f"refused: {secret}, again", f"key={secret}", f"'{secret}'"):
        shown = warning(message)
        assert secret not in shown
        assert not re.search(r"[A-Za-z0-9_-]{20,}", shown.partition("webpush_app.test")[2])
    assert "updates.push.services.mozilla.com/…" in logs.hide(ENDPOINT)


@pytest.mark.parametrize(
    "plain",
    [
        "worker=web-1.example.org:4711",
        "ix_push_subscriptions_address_created_at",
        "OperatorAlertOfTheWholeSite",
        "2026-11-21 20:00:00,000",
        "/srv/webpush/webpush_app/protocol/requests_transport.py",
        "Listening at: http://127.0.0.1:5000 (42)",
        "sha256 00d1f4ee8b0c35cbb5a0b8a0c9f3a1d0",
    ],
)
def test_what_is_no_secret_stays_readable(plain: str) -> None:
    assert logs.hide(plain) == plain


def test_what_is_known_to_be_a_secret_is_hidden_whatever_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_known", set())
    logs.never_show("open sesame please", None, "")
    assert logs.hide("token open sesame please, twice: open sesame please") == "token …, twice: …"


def process(code: str) -> subprocess.CompletedProcess[str]:
    begin = "import sys, threading; from webpush_app import logs; logs.set_up(); "
    command = [sys.executable, "-c", begin + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_the_end_of_a_process_is_logged_like_everything_else() -> None:
    done = process(f"raise ValueError({TEXT!r})")
    assert done.returncode == 1
    assert "CRITICAL webpush_app.logs: process_ends" in done.stderr
    assert "ValueError" in done.stderr
    assert TEXT not in done.stderr


def test_and_so_is_the_end_of_a_thread() -> None:
    code = f"t = threading.Thread(target=lambda: [].index({TEXT!r}), name='sends'); t.start(); t.join()"
    done = process(code)
    assert done.returncode == 0
    assert "thread_ends thread=sends" in done.stderr
    assert TEXT not in done.stderr


def test_a_process_that_is_interrupted_says_nothing() -> None:
    assert process("raise KeyboardInterrupt").stderr == ""
