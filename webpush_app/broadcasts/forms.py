"""The form of a broadcast, and the one for the address that push services are told."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, SelectField, StringField, SubmitField, TextAreaField
from wtforms.validators import StopValidation

from webpush_app.accounts.forms import EmailAllowed
from webpush_app.broadcasts import audiences
from webpush_app.web.fields import Filled, PlainForm, PlainText
from webpush_app.web.guards import is_own_page
from webpush_app.web.sending_keys import SendingKeyField

TITLE_MAX_LENGTH = 80
BODY_MAX_LENGTH = 500
LINK_MAX_BYTES = 500  # with a longer one there would be little room for the text


class OwnPage:
    """Empty, or a path of this site: the browsers follow nothing else."""

    def __call__(self, _form: Form, field: Field) -> None:
        given = field.data or ""
        if given and (not is_own_page(given) or len(given.encode()) > LINK_MAX_BYTES):
            raise StopValidation(_("A link is a page of this site and begins with /, such as /messages."))


class BroadcastForm(PlainForm):
    sending_key = SendingKeyField()
    title = StringField(
        _l("Title"), [Filled(), PlainText(TITLE_MAX_LENGTH)], render_kw={"autocomplete": "off", "maxlength": 200}
    )
    body = TextAreaField(_l("Text"), [PlainText(BODY_MAX_LENGTH)], render_kw={"rows": 3, "data-most": BODY_MAX_LENGTH})
    link = StringField(
        _l("Link"),
        [OwnPage()],
        description=_l("The page that a click opens, such as /messages. Left empty, it is the front page."),
        render_kw={"autocomplete": "off", "autocapitalize": "none"},
    )
    audience = SelectField(
        _l("For"), description=_l("The number beside each choice says how many browsers it reaches now.")
    )
    submit = SubmitField(_l("Send"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audience.choices = [
            (one.name, f"{one.words} ({one.size})", {"data-size": one.size}) for one in audiences.list_audiences()
        ]


class ContactForm(PlainForm):
    contact_email = StringField(
        _l("Contact e-mail"), [Filled(), EmailAllowed()], render_kw={"type": "email", "autocomplete": "email"}
    )
    submit = SubmitField(_l("Save"), id="save_contact")  # beside another form on its page
