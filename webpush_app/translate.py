"""`flask translate …`: collect the texts, compile the translations, begin a language.

The compiled files are not kept in git: the start command and the tests compile what is stale.
"""

import secrets
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import cast

import click
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from flask.cli import AppGroup

from webpush_app.config import ROOT
from webpush_app.web.languages import TRANSLATIONS

_DOMAIN = "messages.po"
# Line numbers would change with every edit and drown the real changes.
_NO_LINE = cast("int", None)
_SOURCES = (("webpush_app", "python"), ("templates", "jinja2"))
# `_l` is the lazy gettext of forms and module-level texts; the singular and plural of `ngettext` are arguments 1 and 2.
_KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
_HEADER = """\
# The texts of the service. `flask translate update` collects them, `flask translate compile` compiles them.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

translate_commands = AppGroup("translate", help="Languages: collect texts, compile translations, begin a language.")


@translate_commands.command("update")
def update() -> None:
    """Collect every text from the code into each language's file."""
    texts = collect()
    for path in language_files():
        catalog = read(path)
        catalog.update(texts, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        _write(catalog, path)
        missing = sum(1 for message in catalog if message.id and not is_translated(message.string))
        click.echo(
            f"{path.parent.parent.name}: {len(catalog)} texts, {missing} to translate in {path.relative_to(ROOT)}"
        )


@translate_commands.command("compile")
def compile_all() -> None:
    """Compile every language."""
    for path in compile_stale(force=True):
        click.echo(f"compiled {path.relative_to(ROOT)}")


@translate_commands.command("init")
@click.argument("language")
def init(language: str) -> None:
    """Begin a language (a two-letter code such as fr)."""
    path = TRANSLATIONS / language / "LC_MESSAGES" / _DOMAIN
    if path.exists():
        raise click.ClickException(
            f"{path.relative_to(ROOT)} exists already; `flask translate update` brings it up to date."
        )
    try:
        catalog = Catalog(locale=Locale.parse(language))
    except (ValueError, UnknownLocaleError):
        raise click.ClickException(f"{language} is not the code of a language, such as fr or pt_BR.") from None
    catalog.update(collect())
    path.parent.mkdir(parents=True)
    _write(catalog, path)
    click.echo(f"Translate {path.relative_to(ROOT)}, then add {language!r} to LANGUAGES in webpush_app/config.py.")


def compile_stale(*, force: bool = False) -> Iterable[Path]:
    """Compile what is missing or older than its source; yields what it wrote."""
    for source in language_files():
        target = source.with_suffix(".mo")
        if force or not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            compiled = BytesIO()
            write_mo(compiled, read(source))
            # Under a name of our own first: who starts beside us must not read half a file, nor take ours away.
            draft = target.with_name(f".{secrets.token_hex(4)}.mo")
            draft.write_bytes(compiled.getvalue())
            draft.replace(target)
            yield target


def collect() -> Catalog:
    catalog = Catalog(project="webpush", charset="utf-8")
    for folder, method in _SOURCES:
        pattern = "**.py" if method == "python" else "**.html"
        found = extract_from_dir(ROOT / folder, [(pattern, method)], keywords=_KEYWORDS, comment_tags=("Translators:",))
        for file, _line, text, comments, _context in found:
            catalog.add(text, locations=[(f"{folder}/{file}", _NO_LINE)], auto_comments=comments)
    return catalog


def language_files() -> list[Path]:
    return sorted(TRANSLATIONS.glob(f"*/LC_MESSAGES/{_DOMAIN}"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def is_translated(text: object) -> bool:
    return all(text) if isinstance(text, (list, tuple)) else bool(text)


def _write(catalog: Catalog, path: Path) -> None:
    """With a header of our own: the usual one has a date that changes each time, and fields that nobody fills in."""
    header = _HEADER.format(language=catalog.locale, plurals=catalog.plural_forms)
    with path.open("wb") as file:
        file.write(header.encode())
        write_po(file, catalog, sort_by_file=True, omit_header=True, width=110)
