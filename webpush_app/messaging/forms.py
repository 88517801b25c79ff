"""The form of a private message."""

from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from wtforms import SubmitField, TextAreaField

from webpush_app.web.fields import Filled, PlainForm, PlainText
from webpush_app.web.sending_keys import SendingKeyField


class MessageForm(PlainForm):
    sending_key = SendingKeyField()
    message = TextAreaField(_l("Message"), render_kw={"rows": 3, "autocomplete": "off"})
    submit = SubmitField(_l("Send"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = current_app.config["MESSAGE_MAX_LENGTH"]
        self.message.validators = [Filled(), PlainText(most)]
        self.message.render_kw = {**self.message.render_kw, "data-most": most, "required": True}
