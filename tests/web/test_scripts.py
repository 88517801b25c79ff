"""The scripts of the pages: one version for all, as a folder of their address, and kept for a year under it."""

import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.people import Browser
from webpush_app.config import ROOT
from webpush_app.web.scripts import read_scripts

FOR_EVER = "public, max-age=31536000, immutable"
STATIC = ROOT / "static"
NAMES = [*(f"js/{path.name}" for path in sorted((STATIC / "js").glob("*.js"))), "register_service_worker.js"]


def _version(client: FlaskClient) -> str:
    (version,) = set(re.findall(r'"/static/v-(\w+)/', client.get("/").text))
    return str(version)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files, to be changed."""
    copy = tmp_path / "static"
    shutil.copytree(STATIC / "js", copy / "js")
    shutil.copy(STATIC / "register_service_worker.js", copy)
    return copy


@pytest.mark.parametrize("name", NAMES)
def test_each_is_served_by_the_version_of_all_and_may_be_kept_for_ever(stranger: FlaskClient, name: str) -> None:
    path = f"/static/v-{_version(stranger)}/{name}"
    answer = stranger.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert answer.data == (STATIC / name).read_bytes()
    assert answer.headers["Cache-Control"] == FOR_EVER
    assert "Vary" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = stranger.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["Cache-Control"]) == (304, b"", FOR_EVER)


@pytest.mark.parametrize("version", ["1", "0" * 12, "x" * 500])
def test_by_another_version_a_page_is_led_to_the_current_one_and_keeps_nothing(
    stranger: FlaskClient, version: str
) -> None:
    answer = stranger.get(f"/static/v-{version}/js/main.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
    assert answer.location == f"/static/v-{_version(stranger)}/js/main.js"


@pytest.mark.parametrize(
    "name",
    [
        "js/none.js",
        "js/",
        "js",
        "",
        "../app.py",
        "js/../../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "js/%2e%2e/register_service_worker.js",
        "/etc/passwd",
        "js\\main.js",
        "%00",
        # There, but no part of what the version names; and the worker is at its own two addresses alone.
        "css/site.css",
        "service_worker.js",
        "v-1/js/main.js",
    ],
)
def test_nothing_else_is_served_by_it(susan: Browser, name: str) -> None:
    version = _version(susan.client)
    for path in (f"/static/v-{version}/{name}", f"/static/v-1/{name}"):
        answer = susan.get(path)
        assert answer.status_code in (308, 400, 404), path
        assert answer.headers.get("Cache-Control") in (None, "no-store"), path


@pytest.mark.parametrize("name", NAMES)
def test_each_stays_where_the_tutorials_load_it_and_is_asked_for_again_there(stranger: FlaskClient, name: str) -> None:
    with stranger.get(f"/static/{name}") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert answer.data == (STATIC / name).read_bytes()
        assert answer.headers["Cache-Control"] == "no-cache"


def test_it_is_the_same_for_everybody(susan: Browser) -> None:
    for version in (_version(susan.client), "1"):
        answer = susan.get(f"/static/v-{version}/js/main.js")
        assert "Vary" not in answer.headers
        assert "Set-Cookie" not in answer.headers


def test_the_version_is_another_when_one_of_them_changes_is_renamed_or_added(folder: Path) -> None:
    versions = [read_scripts(folder).version]
    assert read_scripts(STATIC).version == versions[0]
    for name in ("js/main.js", "register_service_worker.js"):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("// changed\n")
        versions.append(read_scripts(folder).version)
    (folder / "js" / "menu.js").rename(folder / "js" / "menus.js")
    versions.append(read_scripts(folder).version)
    (folder / "js" / "more").mkdir()
    (folder / "js" / "more" / "new.js").write_text("", encoding="utf-8")
    versions.append(read_scripts(folder).version)
    assert len(set(versions)) == 5
    assert all(re.fullmatch("[0-9a-f]{12}", version) for version in versions)


def test_files_that_are_replaced_under_a_running_server_go_out_with_the_next_start(folder: Path) -> None:
    scripts = read_scripts(folder)
    before = scripts.files["js/main.js"]
    (folder / "js" / "main.js").write_text("// of the next version\n", encoding="utf-8")
    assert scripts.files["js/main.js"] == before
    assert read_scripts(folder).files["js/main.js"] == b"// of the next version\n"


def test_a_page_names_every_module_at_once_that_its_script_will_import(stranger: FlaskClient) -> None:
    page = stranger.get("/").text
    named = re.findall(r'<link rel="modulepreload" href="/static/v-\w+/([^"]+)">', page)
    assert named == sorted(set(named))
    # All but the script that stands in the page itself, and the one that no module is.
    assert set(named) == set(NAMES) - {"js/main.js", "js/theme.js", "register_service_worker.js"}


def test_what_is_imported_is_found_however_it_is_written(folder: Path) -> None:
    (folder / "js" / "main.js").write_text(
        'import {\n  set_message_count,\n  other,\n} from "./badge.js";\nimport "./menu.js";\n'
        'export { x } from "./a/b.js";\n'
        'const later = () => import("./drafts.js"); // import "./times.js"\nimport { y } from "./none.js";\n',
        encoding="utf-8",
    )
    (folder / "js" / "badge.js").write_text('import * as all from "./main.js";\n', encoding="utf-8")
    (folder / "js" / "a").mkdir()
    (folder / "js" / "a" / "b.js").write_text('import { z } from "../counter.js";\n', encoding="utf-8")
    found = read_scripts(folder).modules
    assert found == ("js/a/b.js", "js/badge.js", "js/counter.js", "js/main.js", "js/menu.js")
