"""Fifty people sign in at the same moment: all come in, and everybody else is answered meanwhile."""

from pathlib import Path

import pytest

from tests.people import PASSWORD
from tests.server.crowd import at_once, place
from tests.server.test_load_messages import FIFTY, P95_SECONDS, Record
from tests.server.visitors import Answer, Prober, Visitor

pytestmark = pytest.mark.alone


def test_fifty_sign_in_at_once(tmp_path: Path, password_hash: str, record_testsuite_property: Record) -> None:
    def sign_in(name: str) -> tuple[Answer, Answer]:
        with Visitor(here.server.port) as visitor:
            token = visitor.token("/login")
            answer = visitor.post("/login", csrf_token=token, username=name, password=PASSWORD)
            return answer, visitor.get(f"/user/{name}")

    with place(tmp_path, password_hash, *FIFTY) as here:
        with Prober(here.server.port) as prober:
            answers = at_once(sign_in, FIFTY)
        assert {signed_in.status for signed_in, _profile in answers} == {302}
        assert {profile.status for _signed_in, profile in answers} == {200}
        assert here.rows("SELECT count(*) FROM login_failures") == [(0,)]
    record_testsuite_property("fifty_sign_in_healthz_p95_ms", round(prober.p95_seconds * 1000, 1))
    record_testsuite_property("fifty_sign_in_healthz_max_ms", round(max(prober.seconds) * 1000, 1))
    assert prober.statuses == {200}
    assert prober.p95_seconds < P95_SECONDS
