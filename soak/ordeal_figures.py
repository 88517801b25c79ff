"""The figures of what several machines went through: who got what, and what is stored in the end."""

from dataclasses import dataclass

from soak.figures import Figures
from soak.ordeal import Ended, Ordeal


@dataclass(frozen=True)
class Shown:
    """The figures of one ordeal: what they have in common is said once."""

    figures: Figures
    name: str
    how: str

    def __call__(
        self, figure: str, value: float, what: str, *, most: float | None = None, least: float | None = None
    ) -> None:
        self.figures.show(f"{self.name}_{figure}", value, f"{what}; {self.how}", most=most, least=least)


def show_deliveries(show: Shown, ended: Ended, browsers: int, *, most_resent: float | None = None) -> None:
    broadcast, letters = ended.broadcast, ended.pushes.verdict
    show("lost", broadcast.lost + letters.lost, "browsers without the broadcast, messages without a push", most=0)
    show("shown_twice", broadcast.shown_twice + letters.shown_twice, "repeats of another Topic, or tag", most=0)
    unreadable = broadcast.unreadable + letters.unreadable + broadcast.strange
    show("unreadable", unreadable, "pushes that cannot be verified and decrypted, or are for nobody", most=0)
    show("wrong_states", ended.wrong_states, "rows of the broadcast that are not accepted", most=0)
    resent = (broadcast.repeated + letters.repeated) / browsers
    show("resent_share", resent, "of the broadcast, replaced by Topic", most=most_resent)
    show("seconds", ended.seconds, "until the broadcast and what happened meanwhile were over")


def show_stored(show: Shown, trial: Ordeal) -> None:
    verdict, halves, wrong_counts = trial.stored()
    show("messages_lost", verdict.lost, f"of {verdict.sent} sent, acknowledged and not stored", most=0)
    show("messages_stored_twice", verdict.stored_twice, "rows beyond one for each message", most=0)
    show("messages_unanswered", trial.mail.unanswered(), "never acknowledged to their authors", most=0)
    show("messages_halves", halves, "messages without a push, pushes without a message", most=0)
    show("wrong_counts", wrong_counts, "people whose badge is wrong in the end", most=0)
    show("messages_tried_again", verdict.tried_again, "acknowledged at a later attempt than the first")
    tracebacks = trial.site.lines_with("Traceback")
    show("tracebacks", len(tracebacks), "in all that our processes said", most=0)
