"""`/admin` as an admin has it before them: what they write is on its way at once, and how far it is moves by itself.
The service is one of its own, because it has an admin; the real worker sends to a push service of the tests.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.devtools import nameless
from tests.browser.windows import PHONE, POLL_SECONDS, Person, Windows
from tests.databases import database_in
from tests.people import PASSWORD
from tests.push.service import PushService, Subscribed
from tests.push.worker_process import Worker, pushing
from tests.server.running import ROOT, Server, environment, running

pytestmark = pytest.mark.browser

ADMIN = "boss"
SOON_MS = 15_000
UNBROKEN = "W" * 500
_SUBSCRIPTIONS = "/api/push-subscriptions"
_MARK = "() => { window.isSamePage = true; }"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office")


@pytest.fixture(scope="module")
def site(instance: Path) -> Iterator[Server]:
    """Without a contact address: the admin was made at the command line."""
    with running(instance, POLL_SECONDS=str(POLL_SECONDS), EMBEDDED_WORKER="false") as server:
        command = ["flask", "user", "create", ADMIN, "--admin", "--password", PASSWORD]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment(instance, server.port), check=True)
        yield server


@pytest.fixture(scope="module")
def push_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    with PushService(tmp_path_factory.mktemp("push-service")) as service:
        yield service


@pytest.fixture(scope="module")
def worker(site: Server, instance: Path, push_service: PushService) -> Iterator[Worker]:
    with pushing(instance, push_service.stand_in, push_service.ca_file) as worker:
        yield worker


@pytest.fixture
def admin(windows: Windows) -> Person:
    return windows.another_of(Person(ADMIN, windows.new_context()))


def test_an_admin_finds_the_page_and_sees_what_they_sent(admin: Person) -> None:
    page = admin.visit("/")
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Administration").click()
    _write(page, "Sunday", "The site moves.", link="/people")
    expect(page.get_by_role("status").first).to_contain_text(re.compile("turned on|on its way to"))
    newest = _newest(page)
    expect(newest).to_contain_text("Sunday")
    expect(newest).to_contain_text("The site moves.")
    expect(newest).to_contain_text(f"Everyone · just now · {ADMIN}")
    expect(page.get_by_label("Title")).to_have_value("")


def test_what_waits_for_a_contact_address_goes_out_once_it_is_given(
    admin: Person, windows: Windows, site: Server, worker: Worker, push_service: PushService
) -> None:
    first, second, gone = (_subscribe(windows, site, push_service) for _ in range(3))
    gone.unsubscribe()
    page = admin.visit("/admin")
    _write(page, "Sunday", "The site moves.")
    expect(page.get_by_role("status").first).to_contain_text("on its way to 3 browsers")
    _expect_numbers(page, waiting="3", accepted="0", failed="0", total="3")
    page.evaluate(_MARK)

    elsewhere = windows.another_of(admin).visit("/admin")
    contact = elsewhere.get_by_role("region", name="A contact address is missing")
    contact.get_by_label("Contact e-mail").fill("boss@example.com")
    contact.get_by_role("button", name="Save").click()
    expect(elsewhere.get_by_text("Saved. Pushes can be sent now.")).to_be_visible()
    expect(contact).to_be_hidden()

    _expect_numbers(page, waiting="0", accepted="2", failed="1", total="3")
    expect(_newest(page).get_by_text("Done")).to_be_visible()
    assert page.evaluate("window.isSamePage")
    assert [each.received[0].json()["title"] for each in (first, second)] == ["Sunday", "Sunday"]


def test_a_broadcast_to_nobody_is_done_at_once(admin: Person) -> None:
    page = admin.visit("/admin")
    _write(page, "To nobody", "", audience="language:ko")
    expect(_newest(page).get_by_text("Done")).to_be_visible()
    _expect_numbers(page, waiting="0", accepted="0", failed="0", total="0")
    expect(_bar(page)).to_have_js_property("position", 1)


def test_a_broadcast_whose_only_browser_has_left_is_done_too(
    admin: Person, windows: Windows, site: Server, worker: Worker, push_service: PushService
) -> None:
    page = admin.visit("/admin")
    worker.process.send_signal(signal.SIGSTOP)
    try:
        reader = _subscribe(windows, site, push_service, language="es")
        _write(page, "To one", "", audience="language:es")
        _expect_numbers(page, waiting="1", accepted="0", failed="0", total="1")
        expect(_bar(page)).to_have_js_property("position", 0)
        page.evaluate(_MARK)
        request = windows.new_context().request
        answer = request.delete(_SUBSCRIPTIONS, data=reader.to_json(), headers={"Origin": site.url})
        assert answer.status == 200, answer.text()
    finally:
        worker.process.send_signal(signal.SIGCONT)
    _expect_numbers(page, waiting="0", accepted="0", failed="0", total="0")
    expect(_newest(page).get_by_text("Done")).to_be_visible()
    expect(_bar(page)).to_have_js_property("position", 1)
    assert page.evaluate("window.isSamePage")


def test_large_numbers_move_as_the_worker_writes_them_down(admin: Person, instance: Path) -> None:
    number = _broadcast(instance, {"queued": 1_234_567})
    page = admin.visit("/admin")
    page.evaluate(_MARK)
    _expect_numbers(page, waiting="1,234,567", accepted="0", failed="0", total="1,234,567")
    _tally(instance, number, {"accepted": 1_000_000, "gone": 4_000, "failed": 567})
    _expect_numbers(page, waiting="230,000", accepted="1,000,000", failed="4,567", total="1,234,567")
    expect(_newest(page).get_by_text("Done")).to_be_hidden()
    _tally(instance, number, {"accepted": 229_999, "dropped": 1})
    _expect_numbers(page, waiting="0", accepted="1,229,999", failed="4,568", total="1,234,567")
    expect(_newest(page).get_by_text("Done")).to_be_visible()
    expect(_bar(page)).to_have_js_property("position", 1)
    assert page.evaluate("window.isSamePage")
    page.reload()  # the server writes numbers in the same way
    _expect_numbers(page, waiting="0", accepted="1,229,999", failed="4,568", total="1,234,567")


def test_the_page_asks_on_only_while_there_is_something_to_hear(
    admin: Person, windows: Windows, instance: Path
) -> None:
    number = _broadcast(instance, {"queued": 1})
    page = admin.page
    page.clock.install()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if f"/broadcasts/{number}" in request.url else None)
    admin.visit("/admin")
    for _ in range(2):
        with page.expect_response(f"**/broadcasts/{number}"):
            page.clock.run_for(1100)
    _tally(instance, number, {"accepted": 1})
    with page.expect_response(f"**/broadcasts/{number}"):
        page.clock.run_for(1100)
    expect(_newest(page).get_by_text("Done")).to_be_visible()
    asked.clear()
    page.clock.run_for(60_000)
    page.evaluate("1")
    assert asked == []


def test_a_link_to_elsewhere_is_refused_and_nothing_written_is_lost(admin: Person) -> None:
    page = admin.visit("/admin")
    _write(page, "Sunday", "The site moves.", link="https://example.com/")
    link = page.get_by_label("Link")
    expect(link).to_be_focused()
    expect(link).to_have_attribute("aria-invalid", "true")
    expect(link).to_have_accessible_description("A link is a page of this site and begins with /, such as /messages.")
    expect(page.get_by_label("Title")).to_have_value("Sunday")
    expect(page.get_by_label("Text")).to_have_value("The site moves.")
    assert nameless(page) == []


@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
def test_on_a_telephone_nothing_sticks_out(admin: Person, instance: Path) -> None:
    _broadcast(instance, {"queued": 1_234_567, "accepted": 1_000_000}, title=UNBROKEN[:80], body=UNBROKEN)
    page = admin.visit("/admin")
    _write(page, UNBROKEN[:100], UNBROKEN * 2, link=UNBROKEN)
    page.locator(".is-invalid").first.wait_for()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        for number in page.locator(".broadcast-numbers > span:visible").all():
            box = number.bounding_box()
            assert box is not None
            assert box["height"] < 40, "a number stands beside what it counts, in one line"


def _write(page: Page, title: str, body: str, *, link: str = "", audience: str = "everyone") -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Text").fill(body)
    page.get_by_label("Link").fill(link)
    page.get_by_label("For", exact=True).select_option(audience)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_load_state()


def _newest(page: Page) -> Locator:
    return page.get_by_role("region", name="Sent so far").get_by_role("listitem").first


def _bar(page: Page) -> Locator:
    return _newest(page).get_by_role("progressbar", name="How far it is")


def _expect_numbers(page: Page, **numbers: str) -> None:
    for name, number in numbers.items():
        expect(_newest(page).locator(f"[data-count={name}]")).to_have_text(number, timeout=SOON_MS)


def _subscribe(windows: Windows, site: Server, push_service: PushService, *, language: str = "en") -> Subscribed:
    """A stranger's browser, as its page does it."""
    stranger = windows.new_context()
    asked = stranger.request.get(_SUBSCRIPTIONS).json()
    subscribed = push_service.subscribe(asked["application_server_key"])
    headers = {"Origin": site.url, "Accept-Language": language}
    answer = stranger.request.post(_SUBSCRIPTIONS, data=subscribed.to_json(), headers=headers)
    assert answer.status == 201, answer.text()
    return subscribed


def _broadcast(instance: Path, numbers: dict[str, int], *, title: str = "To many", body: str = "") -> int:
    """One that is in the outbox, as the worker leaves it; more than can be subscribed here."""
    database = database_in(instance)
    columns = "title, body, link, audience, audience_size, last_subscription_id, cursor, author_id"
    times = "created_at, expires_at, fanned_out_at"
    database.write(
        f"INSERT INTO broadcasts ({columns}, {times})"
        " SELECT :title, :body, '', 'everyone', :size, 0, 0, id, created_at, created_at, created_at"
        " FROM users WHERE id = 1",
        {"title": title, "body": body, "size": numbers["queued"]},
    )
    number = int(database.rows("SELECT max(id) FROM broadcasts")[0][0])
    _tally(instance, number, numbers)
    return number


def _tally(instance: Path, number: int, numbers: dict[str, int]) -> None:
    database_in(instance).write(
        "INSERT INTO push_tallies (kind, subject_id, state, number) VALUES ('broadcast', :subject, :state, :number)",
        *({"subject": number, "state": state, "number": count} for state, count in numbers.items()),
    )
