"""Many people with open pages at the real server, somebody who writes to them, and an admin who sends broadcasts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from soak.correspondent import Correspondent
from soak.pages import Heard, Pages, open_pages
from soak.person import Person, expect
from soak.residents import Resident, names_of, settle_in
from soak.scene import Scene, scene
from soak.web_process import WebProcess, web_process
from tests.server.running import Server, running
from tests.server.visitors import Visitor
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import begin_write, db
from webpush_app.notifications.inbox import INBOX
from webpush_app.notifications.models import InboxItem
from webpush_app.notifications.news import list_since
from webpush_app.subscriptions.models import PushSubscription

ONE_WITH_A_BROWSER_OF = 10


@dataclass(frozen=True)
class Town:
    made: Scene
    server: Server
    web: WebProcess
    pages: Pages
    writer: Correspondent
    admin: Person

    def broadcast(self, audience: str) -> int:
        """Its number; the admin has been told that it is on its way."""
        self.admin.visitor.connection.close()  # the server has ended one that rested
        fields = self.admin.form("/admin")
        content = {"title": "News", "body": "Something has happened", "link": ""}
        expect(self.admin.visitor.post("/admin", **fields, **content, audience=audience), 302)
        with self.made.app.app_context():
            return db.session.scalar(select(func.max(Broadcast.id))) or 0

    def newest_item(self) -> int:
        """Of what is for many."""
        with self.made.app.app_context():
            return db.session.scalar(select(func.max(InboxItem.id)).where(InboxItem.user_id.is_(None))) or 0

    def unaware_of(self, item: int) -> list[int]:
        """Pages that have not heard of it."""
        inboxes = ((page, self.pages.latest(page, INBOX)) for page in range(len(self.pages.people)))
        return [page for page, inbox in inboxes if inbox is None or inbox["newest"] < item]

    def told_of(self, item: int) -> float:
        """When the last page heard of it, of those that have."""
        return max(next((one.at for one in heard if _is_aware(one, item)), 0.0) for heard in self.pages.heard)

    def truth(self) -> list[dict[str, Any]]:
        """What each page has to show by now."""
        with self.made.app.app_context():
            return [{one.name: one.data for one in list_since(person.id, 0)} for person in self.pages.people]


@contextmanager
def town(folder: Path, sockets: int, browsers: int, **settings: str) -> Iterator[Town]:
    with scene(folder, browsers, **settings) as made:
        people = settle_in(made.app, names_of("resident", sockets))
        [writer] = settle_in(made.app, names_of("writer", 1))
        [admin] = settle_in(made.app, names_of("mayor", 1), is_admin=True)
        give_browsers(made, people[::ONE_WITH_A_BROWSER_OF])
        with (
            running(folder, EMBEDDED_WORKER="false", **made.settings) as server,
            made.worker(),
            Visitor(server.port, writer.cookie) as writers,
            Visitor(server.port, admin.cookie) as admins,
            open_pages(f"http://127.0.0.1:{server.port}", people) as pages,
        ):
            correspondent = Correspondent(Person(writer.name, writers), pages)
            yield Town(made, server, web_process(server), pages, correspondent, Person(admin.name, admins))


def _is_aware(heard: Heard, item: int) -> bool:
    return heard.name == INBOX and heard.data["newest"] >= item


def give_browsers(made: Scene, people: Sequence[Resident]) -> None:
    """Some of those of the crowd, one each."""
    with made.app.app_context():
        begin_write()
        found = db.session.scalars(select(PushSubscription.id).order_by(PushSubscription.id).limit(len(people))).all()
        for subscription_id, person in zip(found, people, strict=False):
            owned = update(PushSubscription).where(PushSubscription.id == subscription_id)
            db.session.execute(owned.values(user_id=person.id))
        db.session.commit()
        db.engine.dispose()
