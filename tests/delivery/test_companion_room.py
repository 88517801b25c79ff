"""What is said beside the texts of pushes costs little: room in the push, and questions to the database."""

import pytest
from sqlalchemy import insert

from tests.delivery.conftest import CONTACT
from tests.delivery.inboxes import browser, items, pushes
from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.statements import listening
from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane
from webpush_app.delivery.preparing import Ready, prepare
from webpush_app.delivery.signers import Signers
from webpush_app.notifications.models import InboxItem
from webpush_app.subscriptions.keyring import current_key

LARGEST_PAYLOAD = 2499
FIRST_LONG_ID = 2**52


def prepared(outgoing: Outgoing, most: int, lane: Lane = Lane.PERSONAL) -> tuple[list[Ready], list[str]]:
    """As a worker prepares what is due, and what the database was asked for it."""
    with outgoing.app.app_context():
        claim = claim_due([Share(1, lane, most)])
        with listening(db.engine) as statements:
            made = prepare(claim, Signers([current_key()], CONTACT))
        assert (made.settled, made.returned) == ([], [])
        return made.ready, list(statements)


@pytest.mark.parametrize("character", ["a", "저", "\\", "🍲"])
def test_a_long_message_is_cut_so_that_fifty_long_numbers_fit_beside_it(
    people: People, outgoing: Outgoing, character: str
) -> None:
    susan, john = people("susan"), people("john")
    fill(outgoing, susan, 60)
    device = browser(outgoing, susan)
    people.write(john, susan, character * 2000)
    outgoing.deliver()
    [received] = device.subscribed.received
    said = received.json()
    assert LARGEST_PAYLOAD - 100 < len(received.text.encode()) <= LARGEST_PAYLOAD
    assert said["item"] in items(outgoing)
    assert (said["inbox"]["count"], len(said["inbox"]["unread"])) == (61, 50)
    assert said["body"].endswith("…")
    assert said["body"].startswith(character * 300)


def test_a_long_broadcast_is_cut_for_each_as_their_inbox_needs(outgoing: Outgoing, people: People) -> None:
    """The text is kept for the next one, whose inbox may be fuller."""
    john, full, empty = people("john", is_admin=True), people("full"), people("empty")
    fill(outgoing, full, 60)
    devices = [browser(outgoing, whose) for whose in (empty, full, None, empty, full)]
    outgoing.broadcast(john, "저" * 1000)
    outgoing.deliver()
    sizes = [len(device.subscribed.received[0].text.encode()) for device in devices]
    assert all(LARGEST_PAYLOAD - 100 < size <= LARGEST_PAYLOAD for size in sizes)
    lengths = [len(pushes(device)[0]["body"]) for device in devices]
    assert lengths[1] < lengths[0] < lengths[2]
    assert (lengths[3], lengths[4]) == (lengths[0], lengths[1])
    counts = [pushes(device)[0].get("inbox", {}).get("count") for device in devices]
    assert counts == [1, 61, None, 1, 61]


@pytest.mark.parametrize("lane", list(Lane))
def test_a_hundred_people_cost_as_many_queries_as_one(people: People, outgoing: Outgoing, lane: Lane) -> None:
    """One more for how all their inboxes stand, and one for the items."""
    john = people("john", is_admin=True)
    others = [people(f"person{number}") for number in range(101)]
    for person in others:
        browser(outgoing, person)
    counts: list[int] = []
    for recipients in (others[:1], others[1:]):
        if lane is Lane.PERSONAL:
            for person in recipients:
                people.write(john, person, "hello")
        elif not counts:
            outgoing.broadcast(john)
        ready, statements = prepared(outgoing, len(recipients), lane)
        assert len({one.fields for one in ready}) == (len(recipients) if lane is Lane.PERSONAL else 1)
        assert all(b'"item":' in one.fields and b'"inbox":' in one.fields for one in ready)
        counts.append(len(statements))
    assert counts == ([5, 5] if lane is Lane.PERSONAL else [4, 4])


def test_pushes_to_strangers_ask_nothing_more(outgoing: Outgoing, people: People) -> None:
    john = people("john", is_admin=True)
    for _ in range(5):
        browser(outgoing, None)
    outgoing.broadcast(john)
    ready, statements = prepared(outgoing, 5, Lane.BROADCAST)
    assert ([one.fields for one in ready], len(statements)) == ([b""] * 5, 2)


def fill(outgoing: Outgoing, user_id: int, number: int) -> None:
    """So many unread items with numbers as long as they can be."""
    values = {"user_id": user_id, "kind": "message", "created_at": clock.now()}
    rows = [{**values, "id": FIRST_LONG_ID + one, "subject_id": 10_000 + one} for one in range(number)]
    outgoing.execute(insert(InboxItem).values(rows))
