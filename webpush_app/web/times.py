"""Moments as people read them: "3 minutes ago", with the exact time beside it. The page keeps them current."""

from datetime import datetime

from flask import Flask
from flask_babel import format_date, format_datetime, format_timedelta, gettext
from markupsafe import Markup

from webpush_app import clock


def init_app(app: Flask) -> None:
    app.jinja_env.filters["ago"] = ago
    app.jinja_env.filters["day"] = day


def ago(moment: datetime) -> Markup:
    exact = gettext("%(moment)s UTC", moment=format_datetime(moment, "medium"))
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        moment.isoformat(timespec="seconds"), exact, in_words(moment)
    )


def in_words(moment: datetime) -> str:
    passed = moment - clock.now()
    if passed.total_seconds() > -45:  # also what another machine, whose clock is ahead, wrote just now
        return str(gettext("just now"))
    return str(format_timedelta(passed, add_direction=True, threshold=1.2))


def day(moment: datetime) -> str:
    return str(format_date(moment, "long"))
