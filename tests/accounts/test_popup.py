"""The card that opens over a name: a fragment of a page, with the way to write to that person."""

from tests.people import Browser, People


def test_the_card_leads_to_writing_to_somebody_else(people: People, susan: Browser) -> None:
    people("john")
    answer = susan.get("/user/john/popup")
    assert answer.status_code == 200
    assert 'href="/send_message/john"' in answer.text
    assert "Send private message" in answer.text
    assert "<bdi>john</bdi>" in answer.text


def test_the_card_over_ones_own_name_does_not(susan: Browser) -> None:
    text = susan.get("/user/susan/popup").text
    assert "send_message" not in text
    assert "This is you." in text


def test_the_card_is_a_fragment(susan: Browser) -> None:
    text = susan.get("/user/susan/popup").text
    assert "<html" not in text
    assert "<body" not in text
    assert "<script" not in text


def test_names_on_the_pages_lead_to_their_card(people: People, susan: Browser) -> None:
    people("john")
    assert 'data-card="/user/john/popup"' in susan.get("/people").text
