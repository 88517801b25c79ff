"""The base of every form, and validators that several forms share. Every message says what would be right."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import Field, Form
from wtforms.validators import StopValidation

from webpush_app import text


class PlainForm(FlaskForm):
    """A form whose text fields are tidied before they are checked; passwords are left as they were typed."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            if "Password" not in unbound_field.field_class.__name__:
                options = {**options, "filters": (*unbound_field.kwargs.get("filters", ()), _tidy)}
            return super().bind_field(form, unbound_field, options)

        def wrap_formdata(self, _form: Any, formdata: Any) -> Any:
            """Form fields alone: a file or JSON in the place of a text would not be a text."""
            if formdata is not _Auto:
                return formdata
            return request.form if request.method in ("POST", "PUT", "PATCH", "DELETE") else None

        def render_field(self, field: Any, render_kw: dict[str, Any]) -> Any:
            """A screen reader reads the hint or the error with the field; the macro only shows it below."""
            if field.errors:
                render_kw = {**render_kw, "aria-invalid": "true"}
            spoken = " ".join(map(str, field.errors)) or str(field.description)
            if spoken:
                render_kw = {**render_kw, "aria-description": spoken}
            return super().render_field(field, render_kw)


def typed(field: Field) -> str:
    """What was typed into a text field."""
    return field.data or ""


def _tidy(value: Any) -> Any:
    return text.tidy(value) if isinstance(value, str) else value


class Filled:
    """Something must be there, and it must be visible."""

    field_flags = {"required": True}  # noqa: RUF012 - WTForms reads it from the class

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data or text.is_blank(field.data):
            raise StopValidation(_("Please fill this in."))


class PlainText:
    """At most so many characters, as a person counts them, and nothing that is not text."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, _form: Form, field: Field) -> None:
        given = field.data or ""
        count = text.count_characters(given)
        if count > self.most:
            raise StopValidation(
                ngettext(
                    "This is %(count)d characters long; at most %(most)d character fits. Please shorten it.",
                    "This is %(count)d characters long; at most %(most)d characters fit. Please shorten it.",
                    self.most,
                    count=count,
                    most=self.most,
                )
            )
        if text.has_control_characters(given):
            raise StopValidation(_("This holds a character that is not text. Please remove it."))
        if text.is_overloaded(given):
            raise StopValidation(_("Too many marks are stacked on one character. Please remove some."))
