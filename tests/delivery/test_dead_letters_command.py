"""`flask outbox dead` and `flask outbox replay`."""

import pytest
from click.testing import Result

from tests.delivery.happenings import ENDPOINT_TOKEN, PRIVATE_TEXT
from tests.delivery.scene import Scene
from tests.push.service import GOOGLE, MOZILLA
from webpush_app.delivery.models import State
from webpush_app.subscriptions.models import Off

NONE = "There are no such dead letters.\n"


def run(scene: Scene, *arguments: str) -> Result:
    return scene.happenings.app.test_cli_runner().invoke(args=["outbox", *arguments])


def said(scene: Scene, *arguments: str) -> str:
    result = run(scene, *arguments)
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80
    return result.output


@pytest.fixture
def dead(scene: Scene) -> list[int]:
    """Three at Mozilla's, one at Google's: a broadcast's and a message's for each browser."""
    scene.happenings.browser(scene.susan)
    scene.happenings.browser(scene.susan, host=GOOGLE)
    scene.happenings.broadcast(scene.john)
    scene.message()
    pushes = [*scene.happenings.pushes("broadcast", 1), *scene.happenings.pushes("message", 1)]
    for push in pushes:
        scene.happenings.end(push.id, State.FAILED, "refused_request", answer_status=400, said="no")
    [_mozilla, google, *_messages] = pushes
    scene.happenings.end(google.id, State.ACCEPTED, answer_status=201)
    scene.happenings.worker_beats()
    return [push.id for push in pushes if push.id != google.id]


def states(scene: Scene, numbers: list[int]) -> list[str]:
    return [scene.happenings.push(number).state for number in numbers]


def test_they_are_listed_with_how_many_where_why_and_the_newest(scene: Scene, dead: list[int]) -> None:
    moment = f"{scene.clock.moment:%Y-%m-%d} 12:00:00"
    assert (
        said(scene, "dead", "--most", "2")
        == f"""\
Dead letters: 3
       2  {MOZILLA}
          refused_request: the push service refused it
       1  {GOOGLE}
          refused_request: the push service refused it

The newest (`flask push trace push:NUMBER` shows one in full; times are UTC):
  push:{dead[2]}       {moment}  Message 1 from john to susan,
                 refused_request, 400 no
  push:{dead[1]}       {moment}  Message 1 from john to susan,
                 refused_request, 400 no

Send them again: flask outbox replay --host HOST --reason REASON, or --all
"""
    )


def test_a_filter_leaves_out_the_others(scene: Scene, dead: list[int]) -> None:
    assert said(scene, "dead", "--host", GOOGLE).startswith("Dead letters: 1\n")
    assert said(scene, "dead", "--kind", "broadcast").startswith("Dead letters: 1\n")
    assert said(scene, "dead", "--reason", "refused_request").startswith("Dead letters: 3\n")
    assert said(scene, "dead", "--reason", "expired") == NONE
    assert "push:" not in said(scene, "dead", "--most", "0").replace("push:NUMBER", "")


def test_where_there_are_none_it_says_so(scene: Scene) -> None:
    assert said(scene, "dead") == NONE
    assert said(scene, "replay", "--all") == "0 pushes will be sent again.\n"


def test_nothing_private_is_printed(scene: Scene, dead: list[int]) -> None:
    told = said(scene, "dead")
    assert PRIVATE_TEXT not in told
    assert ENDPOINT_TOKEN not in told


def test_all_are_sent_again_after_a_trial_that_changes_nothing(scene: Scene, dead: list[int]) -> None:
    assert said(scene, "replay", "--all", "--dry-run") == "3 pushes would be sent again. Nothing was changed.\n"
    assert states(scene, dead) == [State.FAILED] * 3
    assert said(scene, "replay", "--all") == "3 pushes will be sent again.\n"
    assert states(scene, dead) == [State.QUEUED] * 3
    assert said(scene, "replay", "--all") == "0 pushes will be sent again.\n"


@pytest.mark.parametrize(
    ("options", "number"),
    [
        (["--host", GOOGLE], 1),
        (["--kind", "message"], 2),
        (["--reason", "refused_request", "--host", MOZILLA], 2),
        (["--since", "1h"], 3),
        (["--since", "2001-01-01"], 3),
        (["--since", "2999-01-01T10:00"], 0),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else None,
)
def test_a_choice_of_them_is_sent_again(scene: Scene, dead: list[int], options: list[str], number: int) -> None:
    told = said(scene, "replay", *options)
    assert told == ("1 push will be sent again.\n" if number == 1 else f"{number} pushes will be sent again.\n")
    assert states(scene, dead).count(State.QUEUED) == number


def test_those_of_a_browser_that_is_off_are_left_and_counted(scene: Scene, dead: list[int]) -> None:
    scene.happenings.turn_off(1, Off.SIGNED_OUT)
    expected = "1 push {} be sent again.{}\n2 pushes {} not, because\n       2  it was signed out\n"
    assert said(scene, "replay", "--all", "--dry-run") == expected.format("would", " Nothing was changed.", "would")
    assert said(scene, "replay", "--all") == expected.format("will", "", "will")


def test_by_number_those_alone_are_sent_again(scene: Scene, dead: list[int]) -> None:
    assert said(scene, "replay", str(dead[0])) == "1 push will be sent again.\n"
    assert states(scene, dead) == [State.QUEUED, State.FAILED, State.FAILED]


def test_a_number_that_is_none_is_said_and_the_others_are_sent(scene: Scene, dead: list[int]) -> None:
    result = run(scene, "replay", str(dead[0]), "999")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "1 push will be sent again.",
        "Error: 1 of the given numbers is no dead letter. `flask outbox dead` lists them.",
    ]
    assert states(scene, dead)[0] == State.QUEUED


@pytest.mark.parametrize(
    "arguments", [[], ["--dry-run"], ["--all", "--kind", "message"], ["--all", "1"], ["1", "--host", "x"]]
)
def test_without_a_clear_choice_nothing_is_sent(scene: Scene, dead: list[int], arguments: list[str]) -> None:
    result = run(scene, "replay", *arguments)
    assert result.exit_code == 2
    assert "Say which: numbers of pushes, or" in result.output
    assert states(scene, dead) == [State.FAILED] * 3


@pytest.mark.parametrize("command", ["dead", "replay"])
def test_a_host_or_a_kind_that_is_not_known_is_a_mistake(scene: Scene, dead: list[int], command: str) -> None:
    for options, known in ((["--host", "fcm.example"], GOOGLE), (["--kind", "letter"], "message, broadcast, test")):
        result = run(scene, command, *options)
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {options[0]} {options[1]} is not known here.")
        assert known in result.output


@pytest.mark.parametrize("given", ["yesterday", "2h3", "2026-13-01", "999999d", ""])
def test_a_moment_that_is_none_says_how_one_is_written(scene: Scene, given: str) -> None:
    result = run(scene, "replay", "--since", given)
    assert result.exit_code == 2
    assert "Give one such as 2h, 3d, 2026-05-01" in result.output
