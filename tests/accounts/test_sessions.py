"""The browsers one is signed in on: they are listed on one's own profile, and each can be ended there."""

import re

import pytest
from flask import Flask

from tests.accounts.steps import is_signed_in, sessions_of
from tests.people import Browser, People


def _sessions_in(page: str) -> str:
    """The part of a profile that lists them; the help about notifications names browsers too."""
    found = re.search(r'<section[^>]*aria-labelledby="sessions">.*?</section>', page, re.DOTALL)
    assert found, "the page lists no sessions"
    return found.group()


def _without_the_push_card(page: str) -> str:
    without, count = re.subn(r"<section[^>]*data-push-card.*?</section>", "", page, flags=re.DOTALL)
    assert count == 1
    return without


def _ends(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'action="/sessions/(\d+)/end"', page)]


def test_ones_own_profile_lists_every_browser(app: Flask, people: People, susan: Browser) -> None:
    people.browser("susan")
    page = _sessions_in(susan.get("/user/susan").text)
    assert sorted(_ends(page)) == [row.id for row in sessions_of(app, "susan")]
    assert page.count("Firefox on Linux</strong>") == 2
    assert page.count("This browser") == 1
    assert "Sign out everywhere else" in page


def test_with_one_browser_there_is_nothing_else_to_end(susan: Browser) -> None:
    assert "Sign out everywhere else" not in susan.get("/user/susan").text


def test_nobody_sees_where_somebody_else_is_signed_in(susan: Browser, john: Browser) -> None:
    page = _without_the_push_card(john.get("/user/susan").text)
    assert _ends(page) == []
    assert "Firefox" not in page
    assert "Where you are signed in" not in page


def test_ending_another_browser_signs_it_out(app: Flask, people: People, susan: Browser) -> None:
    elsewhere = people.browser("susan")
    other = sessions_of(app, "susan")[-1].id
    answer = susan.submit(f"/sessions/{other}/end", form_at="/user/susan")
    assert answer.location == "/user/susan"
    assert "That browser is signed out." in susan.get("/user/susan").text
    assert not is_signed_in(elsewhere.client)
    assert is_signed_in(susan.client)
    assert len(sessions_of(app, "susan")) == 1


def test_ending_this_browser_is_signing_out(app: Flask, people: People, susan: Browser) -> None:
    elsewhere = people.browser("susan")
    this = sessions_of(app, "susan")[0].id
    answer = susan.submit(f"/sessions/{this}/end", form_at="/user/susan")
    assert answer.location == "/"
    assert "That browser is signed out." in susan.get("/").text
    assert not is_signed_in(susan.client)
    assert is_signed_in(elsewhere.client)


def test_ending_all_others_leaves_this_one_and_other_people(
    app: Flask, people: People, susan: Browser, john: Browser
) -> None:
    others = [people.browser("susan") for _number in range(3)]
    answer = susan.submit("/sessions/end-others", form_at="/user/susan")
    assert answer.location == "/user/susan"
    assert "Every other browser is signed out." in susan.get("/user/susan").text
    assert not any(is_signed_in(other.client) for other in others)
    assert is_signed_in(susan.client)
    assert is_signed_in(john.client)


def test_ending_all_signs_out_here_too_and_nobody_else(
    app: Flask, people: People, susan: Browser, john: Browser
) -> None:
    elsewhere = people.browser("susan")
    assert 'formaction="/sessions/end-all"' in susan.get("/user/susan").text
    answer = susan.submit("/sessions/end-all", form_at="/user/susan")
    assert answer.location == "/"
    assert "Every browser is signed out." in susan.get("/").text
    assert sessions_of(app, "susan") == []
    assert not is_signed_in(susan.client)
    assert not is_signed_in(elsewhere.client)
    assert is_signed_in(john.client)


def test_nobody_ends_somebody_elses_session(app: Flask, susan: Browser, john: Browser) -> None:
    hers = sessions_of(app, "susan")[0].id
    answer = john.submit(f"/sessions/{hers}/end", form_at="/people")
    assert answer.status_code == 404
    assert "That browser is signed out already." in answer.text
    assert is_signed_in(susan.client)
    assert is_signed_in(john.client)


def test_a_session_that_ended_is_not_found(app: Flask, people: People, susan: Browser) -> None:
    people.browser("susan")
    other = sessions_of(app, "susan")[-1].id
    susan.submit(f"/sessions/{other}/end", form_at="/user/susan")
    assert susan.submit(f"/sessions/{other}/end", form_at="/user/susan").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "999999", "9" * 19, "9" * 30])
def test_a_session_that_never_was_is_not_found(susan: Browser, number: str) -> None:
    assert susan.submit(f"/sessions/{number}/end", form_at="/user/susan").status_code == 404
    assert is_signed_in(susan.client)


@pytest.mark.parametrize("path", ["/sessions/{}/end", "/sessions/end-others", "/sessions/end-all", "/logout"])
def test_a_link_or_another_site_ends_nothing(app: Flask, people: People, susan: Browser, path: str) -> None:
    elsewhere = people.browser("susan")
    other = sessions_of(app, "susan")[-1].id
    assert susan.get(path.format(other)).status_code == 405
    assert susan.client.post(path.format(other)).status_code == 400
    assert is_signed_in(elsewhere.client)
    assert is_signed_in(susan.client)
