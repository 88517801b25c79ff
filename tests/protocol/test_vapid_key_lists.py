"""Several keys in one text: what is written is read, what people paste is read, and no key is ever skipped."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from webpush_app.protocol import vapid_keys
from webpush_app.protocol.vapid_key_lists import read_keys, write_keys
from webpush_app.protocol.vapid_keys import BadKey, VapidKey

A, B, C = (vapid_keys.generate() for _number in range(3))
MOMENT = datetime(2026, 3, 1, 23, 30, 5, 999, tzinfo=timezone(timedelta(hours=9)))
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def _pem(key: VapidKey) -> str:
    text: str = key.vapid.private_pem().decode()
    return text


def _der(key: VapidKey) -> bytes:
    loaded = load_pem_private_key(_pem(key).encode(), None)
    return loaded.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def test_what_is_written_is_read_in_its_order_with_the_moments() -> None:
    keys = [replace(A, made_at=MOMENT), B, replace(C, made_at=datetime(2025, 1, 1, tzinfo=UTC))]
    text = write_keys(keys)
    assert text.splitlines() == [
        f"{A.private_text}  # made 2026-03-01T14:30:05+00:00",
        B.private_text,
        f"{C.private_text}  # made 2025-01-01T00:00:00+00:00",
    ]
    found = read_keys(text)
    assert found == (A, B, C)
    assert [key.made_at for key in found] == [MOMENT.replace(microsecond=0), None, datetime(2025, 1, 1, tzinfo=UTC)]


TEXTS = {
    "commas": f"{A.private_text},{B.private_text},{C.private_text}",
    "commas and spaces": f" {A.private_text}, {B.private_text} ,\n{C.private_text},\n",
    "spaces": f"{A.private_text} {B.private_text}\t{C.private_text}",
    "lines of Windows": f"{A.private_text}\r\n{B.private_text}\r\n\r\n{C.private_text}\r\n",
    "comments of one's own": f"# the new one\n{A.private_text} # of 2026\n#\n{B.private_text}#old\n{C.private_text}",
    "padding, standard alphabet": ",".join(
        f"{key.private_text}=".replace("-", "+").replace("_", "/") for key in (A, B, C)
    ),
    "PEM": _pem(A) + _pem(B) + _pem(C),
    "PEM on one line": (_pem(A) + _pem(B)).replace("\n", "\\n") + _pem(C).replace("\n", "\\n"),
    "PEM of openssl ecparam": f"{PARAMETERS}{_pem(A)}{PARAMETERS}{_pem(B)}{C.private_text}",
    "a new one before a PEM": f"{A.private_text},{_pem(B)},{base64.b64encode(_der(C)).decode()}",
    "twice the same": f"{A.private_text},{B.private_text},{A.private_text},{C.private_text},{C.private_text}",
}


@pytest.mark.parametrize("name", TEXTS)
def test_several_keys_are_read_the_newest_first(name: str) -> None:
    assert read_keys(TEXTS[name]) == (A, B, C)


@pytest.mark.parametrize("length", [20, 64, 76])
def test_one_key_may_be_wrapped_to_lines(length: int) -> None:
    for text in (A.private_text, base64.b64encode(_der(A)).decode()):
        lines = [text[start : start + length] for start in range(0, len(text), length)]
        assert read_keys("\n".join(lines) + "\n") == (A,)


BROKEN = {
    "a word": (f"{A.private_text}\nhunter2\n{B.private_text}", 2, 2),
    "the first": (f"hunter2\n{A.private_text}", 1, 1),
    "a key that is cut": (f"# keys\n\n{A.private_text}\n\n{B.private_text[:-1]}\n", 2, 5),
    "a key with something at its end": (f"{A.private_text},{B.private_text}x", 2, 1),
    "a public key": (f"{A.private_text}\n{B.public}", 2, 2),
    "a PEM that is cut": (f"{A.private_text}\n{_pem(B)[:120]}", 2, 2),
    "a PEM whose middle is lost": (f"{_pem(A)}{_pem(B).replace(_pem(B)[60:90], '')}", 2, 6),
    "a word behind a PEM": (f"{_pem(A)}hunter2", 2, 6),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_that_is_broken_is_named_and_not_skipped(name: str) -> None:
    text, number, line = BROKEN[name]
    with pytest.raises(BadKey, match=r"^must be .*\.$") as refused:
        read_keys(text)
    assert (refused.value.number, refused.value.line) == (number, line)
    assert not re.search(r"hunter2|\n", str(refused.value))


@pytest.mark.parametrize("text", ["", "\n", "# made 2026-01-01", ",", "hunter2", "hunter2 hunter3", "A" * 20_000])
def test_a_text_without_any_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey, match=r"^must be .*\.$") as refused:
        read_keys(text)
    assert refused.value.line is None
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize(
    "note", ["", "# made", "# made yesterday", "# 2026-01-01", "# remade 2026-01-01", "# made 9999999"]
)
def test_words_of_ones_own_are_no_moment(note: str) -> None:
    assert [key.made_at for key in read_keys(f"{A.private_text} {note}\n")] == [None]


def test_a_moment_without_a_zone_is_in_utc() -> None:
    (key,) = read_keys(f"{A.private_text} # made 2026-01-01T10:00 by me")
    assert key.made_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
