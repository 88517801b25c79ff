"""What was read somewhere, as a real Firefox hears of it; and what a click in it tells the service."""

from collections.abc import Iterator

import pytest

from tests.push.firefox_seat import Seat, Stage, seated, staged
from tests.push.product import eventually

pytestmark = pytest.mark.firefox


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("firefox-product")) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage) -> Iterator[Seat]:
    with seated(stage) as taken:
        yield taken


def test_what_was_read_in_one_browser_is_closed_in_the_other_by_its_next_push(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    other = Seat(stage)  # no cookie, worker or subscription of the first one is there
    another = other.open()
    other.sign_in(another, susan)
    other.turn_on(another)
    another.close()
    john = stage.product.newcomer("john")
    john.send(susan, "First")
    eventually(lambda: _visible(stage), ["First", "First"])
    tab.go(f"{seat.address}/messages/with/{john.name}")
    tab.wait_for("document.querySelector('.bubble.theirs')?.innerText.includes('First')")
    tab.close()
    john.send(susan, "Second")
    eventually(lambda: _visible(stage), ["Second", "Second"])
    assert sorted(shown.body for shown in stage.desktop.shown) == ["First", "First", "Second", "Second"]
    other.leave()


def test_a_click_on_a_broadcast_reads_it(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    tab.close()
    stage.product.admin.broadcast("News", "We open at eight.", link="/people")
    shown = seat.sees("News", "We open at eight.")
    assert stage.product.broadcasts_read_by(susan) == []
    stage.desktop.click(shown)
    stage.firefox.wait_for_tab("/people")
    eventually(lambda: len(stage.product.broadcasts_read_by(susan)), 1)


def _visible(stage: Stage) -> list[str]:
    return sorted(shown.body for shown in stage.desktop.visible)
