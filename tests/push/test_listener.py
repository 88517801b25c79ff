"""The tests' push service answers what it is told to, behaves as badly as it is told to, and leaves nothing behind."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.push import by_hand
from tests.push.browser_keys import BrowserKeys
from tests.push.by_hand import Push, public_text
from tests.push.listener import Garbage, Odd, Reply
from tests.push.service import MOZILLA, PushService, Subscribed


class Broken(BrowserKeys):
    def decrypt(self, body: bytes) -> bytes:
        raise ZeroDivisionError(body)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    with PushService(tmp_path) as service:
        yield service


@pytest.fixture
def session(service: PushService) -> Iterator[requests.Session]:
    with by_hand.session_to(service) as session:
        yield session


@pytest.fixture
def vapid() -> Any:
    return by_hand.new_key()


@pytest.fixture
def subscribed(service: PushService, vapid: Any) -> Subscribed:
    return service.subscribe(public_text(vapid))


@pytest.fixture
def push(session: requests.Session, subscribed: Subscribed, vapid: Any) -> Push:
    return Push.make(session, subscribed, vapid)


def test_it_answers_what_it_is_told_and_stays_with_the_last(subscribed: Subscribed, push: Push) -> None:
    subscribed.answer_with(429, headers={"Retry-After": "7"}, body=b"slow down")
    answer = push.post()
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (429, "7", "slow down")
    subscribed.answer_with(503, Reply(204), 200)
    assert [push.post().status_code for _ in range(4)] == [503, 204, 200, 200]
    assert [received.is_accepted for received in subscribed.received] == [False, False, True, True, True]


def test_a_subscription_goes_before_the_service(
    service: PushService, session: requests.Session, subscribed: Subscribed, push: Push, vapid: Any
) -> None:
    other = Push.make(session, service.subscribe(public_text(vapid)), vapid)
    service.answer_with(500)
    subscribed.answer_with(201)
    assert [push.post().status_code, other.post().status_code] == [201, 500]
    assert len(service.wait_for(2)) == 2


def test_a_wrong_push_is_refused_whatever_it_was_told(subscribed: Subscribed, push: Push) -> None:
    subscribed.answer_with(201)
    del push.headers["TTL"]
    assert push.post().status_code == 400


@pytest.mark.parametrize("odd", [Odd.RESET, Garbage(b"220 mail.example.com ESMTP\r\n")])
def test_a_bad_answer_is_none_and_the_push_was_received(subscribed: Subscribed, push: Push, odd: Odd | Garbage) -> None:
    subscribed.answer_with(odd, 201)
    with pytest.raises(requests.ConnectionError):
        push.post()
    assert push.post().status_code == 201
    assert [received.is_accepted for received in subscribed.received] == [False, True]


def read_to_the_end(connection: socket.socket) -> None:
    """Past the SSL object, which calls a reset an early end."""
    while socket.socket.recv(connection, 1024):
        pass


def test_a_reset_is_a_reset_and_not_an_end(service: PushService, subscribed: Subscribed, push: Push) -> None:
    subscribed.answer_with(Odd.RESET)
    context = ssl.create_default_context(cafile=service.ca_file)
    with context.wrap_socket(socket.create_connection(service.address), server_hostname="127.0.0.1") as connection:
        asked = requests.Request("POST", push.endpoint, {**push.headers, "Host": MOZILLA}, data=push.body).prepare()
        lines = [f"POST {asked.path_url} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.headers.items())]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + push.body)
        with pytest.raises(ConnectionResetError):
            read_to_the_end(connection)


def test_it_hangs_and_still_ends_at_once(tmp_path: Path, vapid: Any) -> None:
    before = set(threading.enumerate())  # other tests may have a service of their own
    with PushService(tmp_path) as service, by_hand.session_to(service) as session:
        subscribed = service.subscribe(public_text(vapid))
        subscribed.answer_with(Odd.HANG)
        push = Push.make(session, subscribed, vapid)
        with pytest.raises(requests.ReadTimeout):
            push.post(timeout=0.2)
        assert len(subscribed.wait_for(1)) == 1
        began = time.monotonic()
    assert time.monotonic() - began < 5
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("push service")]


def test_it_answers_late(subscribed: Subscribed, push: Push) -> None:
    subscribed.answer_with(Reply(201, after_seconds=0.3))
    began = time.monotonic()
    assert push.post().status_code == 201
    assert time.monotonic() - began >= 0.3


def test_connections_are_kept_and_counted(service: PushService, subscribed: Subscribed, push: Push) -> None:
    assert [push.post().status_code for _ in range(5)] == [201] * 5
    assert (service.connections, service.most_connections_at_once) == (1, 1)
    with by_hand.session_to(service) as another:
        replace(push, session=another).post()
    assert (service.connections, service.most_connections_at_once) == (2, 2)


def test_a_connection_is_closed_unannounced(service: PushService, subscribed: Subscribed, push: Push) -> None:
    subscribed.answer_with(Reply(201, closes=True))
    answer = push.post()
    assert (answer.status_code, "Connection" in answer.headers) == (201, False)
    while service.open_connections:
        time.sleep(0.01)
    push.post()
    assert service.connections == 2


def test_who_does_not_know_the_authority_does_not_connect(service: PushService, push: Push) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        requests.post(f"https://{service.stand_in}/", data=push.body, timeout=5)
    with pytest.raises(AssertionError, match=r"0 of 1 pushes came in 0\.2 s"):
        service.wait_for(1, timeout=0.2)
    assert "alert unknown ca" in service.troubles[0]


def test_many_pushes_at_once_are_all_received(
    service: PushService, session: requests.Session, subscribed: Subscribed, vapid: Any
) -> None:
    texts = [f"push {number}" for number in range(300)]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda text: Push.make(session, subscribed, vapid, text).post(), texts)
        assert {answer.status_code for answer in answers} == {201}
    assert sorted(received.text for received in subscribed.wait_for(300)) == sorted(texts)
    assert service.connections <= 8


def test_a_mistake_of_its_own_is_not_swallowed(tmp_path: Path, vapid: Any) -> None:
    def run() -> None:
        with PushService(tmp_path) as service, by_hand.session_to(service) as session:
            push = Push.make(session, service.subscribe(public_text(vapid)), vapid)
            push.subscribed.keys = Broken(push.subscribed.keys.private, b"")
            with pytest.raises(requests.ConnectionError):
                push.post()

    with pytest.raises(ZeroDivisionError):
        run()
