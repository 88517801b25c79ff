"""The forms about people. Field names are the ones the tutorials use."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField, Field, Form, PasswordField, SelectField, StringField, SubmitField, TextAreaField
from wtforms.validators import EqualTo, StopValidation

from webpush_app.accounts import names, passwords
from webpush_app.config import LANGUAGES
from webpush_app.errors import InvalidInput
from webpush_app.web.fields import Filled, PlainForm, PlainText

ABOUT_ME_MAX_LENGTH = 140


class UsernameAllowed:
    def __call__(self, form: Form, field: Field) -> None:
        try:
            names.check_name(field.data or "", may_be_reserved=getattr(form, "may_be_reserved", False))
        except InvalidInput as error:
            raise StopValidation(str(error.message)) from None


class PasswordAllowed:
    def __call__(self, form: Form, field: Field) -> None:
        password = field.data or ""
        if len(password) < passwords.SHORTEST:
            raise StopValidation(_("A password has at least %(count)d characters.", count=passwords.SHORTEST))
        if len(password) > passwords.LONGEST:
            raise StopValidation(_("A password has at most %(count)d characters.", count=passwords.LONGEST))
        username = form["username"].data if "username" in form else current_user.username
        if username and names.key(username) == password.lower():
            raise StopValidation(_("Please choose a password that is not your username."))


class EmailAllowed:
    def __call__(self, _form: Form, field: Field) -> None:
        try:
            field.data = normal_email(field.data or "")
        except InvalidInput as error:
            raise StopValidation(str(error.message)) from None


def normal_email(address: str) -> str:
    """An address that push services will accept as a contact: written right, and not on this machine."""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        message = _("Please give a real e-mail address, such as ops@example.com.")
        raise InvalidInput(message, field="contact_email") from None


class LoginForm(PlainForm):
    username = StringField(_l("Username"), [Filled()], render_kw={"autocomplete": "username", "autocapitalize": "none"})
    password = PasswordField(_l("Password"), [Filled()], render_kw={"autocomplete": "current-password"})
    remember_me = BooleanField(_l("Keep me signed in on this browser"))
    submit = SubmitField(_l("Sign in"))


class RegistrationForm(PlainForm):
    username = StringField(
        _l("Username"),
        [Filled(), UsernameAllowed()],
        description=_l("3 to 32 characters: letters a to z, digits, and _ . -"),
        render_kw={"autocomplete": "username", "autocapitalize": "none", "maxlength": names.LONGEST},
    )
    password = PasswordField(
        _l("Password"),
        [Filled(), PasswordAllowed()],
        description=_l("At least 8 characters. A few words in a row are easy to remember and hard to guess."),
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )
    password2 = PasswordField(
        _l("Password, once more"),
        [Filled(), EqualTo("password", _l("The two passwords differ. Please type them again."))],
        render_kw={"autocomplete": "new-password"},
    )
    submit = SubmitField(_l("Register"))


class FirstAdminForm(RegistrationForm):
    may_be_reserved = True  # whoever runs the site may be called "admin"
    contact_email = StringField(
        _l("Contact e-mail"),
        [Filled(), EmailAllowed()],
        description=_l(
            "Told to the push services of the browsers, so that they can reach you when something is wrong."
        ),
        render_kw={"type": "email", "autocomplete": "email"},
    )
    submit = SubmitField(_l("Create the first admin"))


class EditProfileForm(PlainForm):
    about_me = TextAreaField(
        _l("About me"), [PlainText(ABOUT_ME_MAX_LENGTH)], render_kw={"rows": 3, "data-most": ABOUT_ME_MAX_LENGTH}
    )
    locale = SelectField(_l("Language"), description=_l("Pages and notifications are written to you in this language."))
    submit = SubmitField(_l("Save"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = list(LANGUAGES.items())


class ChangePasswordForm(PlainForm):
    old_password = PasswordField(_l("Current password"), [Filled()], render_kw={"autocomplete": "current-password"})
    password = PasswordField(
        _l("New password"),
        [Filled(), PasswordAllowed()],
        description=_l("At least 8 characters. A few words in a row are easy to remember and hard to guess."),
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )
    password2 = PasswordField(
        _l("New password, once more"),
        [Filled(), EqualTo("password", _l("The two passwords differ. Please type them again."))],
        render_kw={"autocomplete": "new-password"},
    )
    submit = SubmitField(_l("Change password"))
