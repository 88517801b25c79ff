"""Who is looking, as Flask-Login remembers it for the length of a request."""

from flask import g

from webpush_app.web.extensions import login_manager

_KEPT = "_login_user"  # where in `g` Flask-Login keeps whom it has loaded


def forget_viewer() -> None:
    """The next question who is signed in is asked of the database again."""
    g.pop(_KEPT, None)


def make_viewer_a_stranger() -> None:
    setattr(g, _KEPT, login_manager.anonymous_user())
