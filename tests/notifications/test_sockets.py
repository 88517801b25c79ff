"""How many sockets there may be: of a login session, and in a process."""

import pytest

from webpush_app.notifications import sockets
from webpush_app.notifications.sockets import Sockets, TooMany


def test_a_session_has_its_share_and_a_place_that_is_left_is_free_again() -> None:
    here = Sockets()
    seats = [here.take_seat(1, 1) for _ in range(sockets.MOST_OF_A_SESSION)]
    with pytest.raises(TooMany) as refused:
        here.take_seat(1, 1)
    assert refused.value.of_one
    here.take_seat(1, 2)
    here.leave(seats[0])
    here.take_seat(1, 1)
    assert len(here) == sockets.MOST_OF_A_SESSION + 1


def test_a_person_has_their_share_however_often_they_sign_in() -> None:
    here = Sockets()
    for session_id in range(sockets.MOST_OF_A_PERSON):
        here.take_seat(1, session_id)
    with pytest.raises(TooMany) as refused:
        here.take_seat(1, sockets.MOST_OF_A_PERSON)
    assert refused.value.of_one
    here.take_seat(2, sockets.MOST_OF_A_PERSON)
    assert len(here.sessions()) == sockets.MOST_OF_A_PERSON + 1


def test_a_process_keeps_room_for_plain_requests() -> None:
    here = Sockets()
    for session_id in range(sockets.MOST_OF_ALL):
        assert not here.is_full
        here.take_seat(session_id, session_id)
    assert here.is_full
    with pytest.raises(TooMany) as refused:
        here.take_seat(0, 0)
    assert not refused.value.of_one
    assert len(here.sessions()) == sockets.MOST_OF_ALL
