"""The scripts of the pages, at addresses that name the content of them all: a browser keeps them and asks no more.

Modules import each other by relative paths. The version is a folder of the address, so all of them are of one version.
"""

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from webpush_app.web.headers import FOR_EVER

_ENDPOINT = "versioned_static"  # ends like that of every file: it needs no session, and notes nobody as seen
_FOR_EVERY_PAGE = "js/main.js"
_IMPORT = re.compile(r'^(?:import|export)\b[^"()]*"(\.[^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Scripts:
    # Held in memory: files that are replaced under a running server must not go out under the old version's address.
    files: dict[str, bytes]
    version: str
    # What every page's script imports, and what that imports, and so on.
    modules: tuple[str, ...]


def init_app(app: Flask) -> None:
    app.extensions["scripts"] = read_scripts(Path(app.static_folder or ""))
    app.add_url_rule("/static/v-<version>/<path:filename>", _ENDPOINT, _serve)
    app.jinja_env.globals.update(script_url=script_url, modules_of_a_page=_modules_of_a_page)


def read_scripts(folder: Path) -> Scripts:
    paths = [*(folder / "js").rglob("[!.]*.js"), folder / "register_service_worker.js"]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return Scripts(files, digest.hexdigest()[:12], tuple(sorted(_imported(files, _FOR_EVERY_PAGE))))


def script_url(filename: str) -> str:
    scripts = _scripts()
    if filename not in scripts.files:
        raise LookupError(f"There is no script {filename}.")
    return url_for(_ENDPOINT, version=scripts.version, filename=filename)


def _modules_of_a_page() -> list[str]:
    return [script_url(name) for name in _scripts().modules]


def _scripts() -> Scripts:
    scripts: Scripts = current_app.extensions["scripts"]
    return scripts


def _imported(files: dict[str, bytes], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        importer = waiting.pop()
        for reference in _IMPORT.findall(files[importer].decode()):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(importer), reference))
            if imported in files and imported not in found:
                found.add(imported)
                waiting.append(imported)
    return found


def _serve(version: str, filename: str) -> AnyResponse:
    scripts = _scripts()
    if filename not in scripts.files:
        raise NotFound
    if version != scripts.version:
        # A page that was opened before an upgrade. Its modules import what they need from where this leads, so new
        # ones are never linked with old ones; and nothing new is kept under the old name.
        moved = redirect(script_url(filename))
        moved.headers["Cache-Control"] = "no-store"
        return moved
    answer = Response(scripts.files[filename], mimetype="text/javascript")
    answer.headers["Cache-Control"] = FOR_EVER
    answer.set_etag(version)
    return answer.make_conditional(request)
