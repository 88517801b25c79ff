"""Settings: where they come from, what they may be, and one clear line for each that is wrong."""

import re
from pathlib import Path

import pytest

from webpush_app import config
from webpush_app.config import Settings
from webpush_app.errors import StartError
from webpush_app.protocol import vapid_keys

OLDER = vapid_keys.generate()
KEY = "k" * 32
VAPID = vapid_keys.generate()
KEPT = ("PUSHES_KEPT_DAYS", "DEAD_LETTERS_KEPT_DAYS")


def load(folder: Path, **environment: str) -> Settings:
    return config.load({"INSTANCE_PATH": str(folder), **environment})


def refusal(folder: Path, **environment: str) -> str:
    with pytest.raises(StartError) as refused:
        load(folder, **environment)
    message = str(refused.value)
    assert "\n" not in message
    return message


def write(folder: Path, text: str) -> None:
    (folder / config.CONFIGURATION_FILE).write_text(text, encoding="utf-8")


def test_without_settings_everything_has_a_value(tmp_path: Path) -> None:
    settings = load(tmp_path / "new" / "folder")
    assert settings.instance_path == tmp_path / "new" / "folder"
    assert settings.database_url == f"sqlite:///{tmp_path / 'new' / 'folder' / 'webpush.sqlite3'}"
    assert (settings.host, settings.port, settings.site_name) == ("127.0.0.1", 5000, "Webpush")
    assert (settings.message_max_length, settings.items_per_page, settings.poll_seconds) == (140, 20, 10.0)
    assert settings.log_level == "INFO"
    assert len(settings.secret_key) == 64


RIGHT = [
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("PORT", "1", 1),
    ("PORT", " 65535 ", 65535),
    ("WEB_PROCESSES", "1", 1),
    ("SECRET_KEY", KEY, KEY),
    ("DATABASE_URL", "sqlite:////var/x.db", "sqlite:////var/x.db"),
    ("DATABASE_URL", "postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ("DATABASE_URL", "postgresql://u:p@h/d?x=1", "postgresql+psycopg://u:p@h/d?x=1"),
    ("DATABASE_URL", "postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    *(("ENGINE_URL", url, url) for url in ("redis://127.0.0.1:6379/0", "rediss://:open%20sesame@redis.example.org")),
    ("SITE_NAME", "우리 <site>", "우리 <site>"),
    ("SITE_NAME", "x" * 40, "x" * 40),
    ("MESSAGE_MAX_LENGTH", "2000", 2000),
    ("ITEMS_PER_PAGE", "100", 100),
    ("POLL_SECONDS", "0.1", 0.1),
    ("POLL_SECONDS", "3600", 3600.0),
    ("TRUSTED_PROXIES", "1", 1),
    ("VAPID_PRIVATE_KEY", VAPID.private_text, VAPID.private_text),
    ("VAPID_PRIVATE_KEY", VAPID.vapid.private_pem().decode(), VAPID.private_text),
    ("VAPID_PRIVATE_KEY", f"{VAPID.private_text}, {OLDER.private_text}", f"{VAPID.private_text},{OLDER.private_text}"),
    ("VAPID_CLAIM_EMAIL", "ops@example.com", "mailto:ops@example.com"),
    ("VAPID_CLAIM_EMAIL", "mailto:ops@example.com", "mailto:ops@example.com"),
    ("VAPID_CLAIM_EMAIL", "https://example.com/contact", "https://example.com/contact"),
    ("PUSH_SERVICE_HOSTS", "push.example.org, *.Example.net", ("push.example.org", "*.example.net")),
    *(("EMBEDDED_WORKER", answer, True) for answer in ("true", "True", "1", "yes", "on")),
    ("PUSH_LEASE_SECONDS", "3", 3),
    *(("INTEGRATE_SOCKETIO", answer, answer == "yes") for answer in ("yes", "no")),
    *(("EMBEDDED_WORKER", answer, False) for answer in ("false", "0", "No", "off")),
    ("PUSHES_KEPT_DAYS", "1", 1),
    ("DEAD_LETTERS_KEPT_DAYS", "3650", 3650),
    ("METRICS_TOKEN", "scrape-me/16+abc", "scrape-me/16+abc"),
    *(("PUSH_TRANSPORT", name, name.lower()) for name in ("auto", "libcurl", "Requests")),
    ("LOG_LEVEL", "debug", "DEBUG"),
]
WRONG = [
    ("HOST", "x" * 254, "one line of 1 to 253"),
    ("HOST", "a\nb", "one line"),
    *(
        ("PORT", port, "from 1 to 65535")
        for port in ("0", "65536", "-1", "80.0", "http", "８０", "1e3", " ", "9" * 4500)
    ),
    *(("WEB_PROCESSES", number, "from 1 to 64") for number in ("0", "65", "1.5", "many")),
    ("SECRET_KEY", "k" * 31, "at least 32 characters"),
    *(
        ("DATABASE_URL", url, "must begin with")
        for url in ("mysql://u:hunter2@h/d", "/x.db", "sqlite:///", "sqlite://x")
    ),
    ("DATABASE_URL", "sqlite:///:memory:", "must begin with"),
    *(("ENGINE_URL", url, "must begin with redis://") for url in ("amqp://u:hunter2@h", "localhost:6379", "true")),
    ("ENGINE_URL", "redis://:hunter2@/0", "must name a host"),
    ("SITE_NAME", "x" * 41, "one line of 1 to 40"),
    ("SITE_NAME", "a\tb", "one line"),
    ("MESSAGE_MAX_LENGTH", "0", "from 1 to 2000"),
    ("MESSAGE_MAX_LENGTH", "2001", "from 1 to 2000"),
    ("ITEMS_PER_PAGE", "101", "from 1 to 100"),
    *(("POLL_SECONDS", seconds, "from 0.1 to 3600") for seconds in ("0", "3601", "nan", "inf", "-5", "soon", "1,5")),
    ("TRUSTED_PROXIES", "10", "from 0 to 9"),
    ("TRUSTED_PROXIES", "-1", "a whole number from 0 to 9"),
    *(
        ("VAPID_PRIVATE_KEY", key, "must be")
        for key in ("hunter2", "A" * 43, VAPID.public, "-----BEGIN EC PRIVATE KEY-----")
    ),
    ("VAPID_PRIVATE_KEY", f"{VAPID.private_text} hunter2", "holds several keys, and number 2 must be"),
    *(("VAPID_PUBLIC_KEY", key, "must be") for key in ("hunter2", VAPID.private_text, "B" + "A" * 86)),
    *(
        ("VAPID_CLAIM_EMAIL", address, "an e-mail address such as ops@example.com")
        for address in (
            "ops",
            "ops@localhost",
            "mailto:mailto:ops@example.com",
            "http://example.com",
            "https://localhost",
            "a b@c.d",
        )
    ),
    *(
        ("PUSH_SERVICE_HOSTS", hosts, "names of hosts")
        for hosts in (
            "https://push.example.org",
            "localhost",
            "127.0.0.1",
            "*",
            "*.com",
            "push.example.org:8443",
            "a..b",
        )
    ),
    ("PUSH_TRANSPORT", "pycurl", "auto, libcurl or requests"),
    ("EMBEDDED_WORKER", "maybe", "true or false"),
    ("INTEGRATE_SOCKETIO", "perhaps", "true or false"),
    ("PUSH_LEASE_SECONDS", "2", "from 3 to 600"),
    ("PUSH_LEASE_SECONDS", "601", "from 3 to 600"),
    *((name, days, "from 1 to 3650") for name in KEPT for days in ("0", "3651", "1.5", "forever")),
    *(("METRICS_TOKEN", token, "16 to 256") for token in ("hunter2", "t" * 257, "hunter2 and more words", "ü" * 16)),
    ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
]


@pytest.mark.parametrize(("name", "given", "value"), RIGHT)
def test_a_right_setting_is_read(tmp_path: Path, name: str, given: str, value: object) -> None:
    assert getattr(load(tmp_path, **{name: given}), name.lower()) == value


@pytest.mark.parametrize(("name", "given", "value"), RIGHT)
def test_and_so_it_is_from_the_file(tmp_path: Path, name: str, given: str, value: object) -> None:
    write(tmp_path, f"{name} = {given!r}\n")
    assert getattr(load(tmp_path), name.lower()) == value


@pytest.mark.parametrize(("name", "given", "why"), WRONG)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, name: str, given: str, why: str) -> None:
    message = refusal(tmp_path, **{name: given})
    assert message.startswith(f"{name} in the environment ")
    assert why in message


@pytest.mark.parametrize(("name", "given", "why"), WRONG)
def test_and_so_it_is_in_the_file(tmp_path: Path, name: str, given: str, why: str) -> None:
    write(tmp_path, f"{name} = {given!r}\n")
    message = refusal(tmp_path)
    assert message.startswith(f"{name} in {tmp_path / config.CONFIGURATION_FILE} ")
    assert why in message


def test_every_setting_is_tried_here() -> None:
    names = set(config.NAMES) - {"INSTANCE_PATH"}
    assert {name for name, *_rest in WRONG} == names
    assert {name for name, *_rest in RIGHT} == names - {"VAPID_PUBLIC_KEY"}  # nothing by itself: see below


def test_a_public_key_must_belong_to_the_private_one(tmp_path: Path) -> None:
    other = vapid_keys.generate().public
    keys = {"VAPID_PRIVATE_KEY": VAPID.private_text, "VAPID_PUBLIC_KEY": VAPID.public}
    assert load(tmp_path, **keys).vapid_public_key == VAPID.public
    assert "does not belong to VAPID_PRIVATE_KEY" in refusal(tmp_path, **(keys | {"VAPID_PUBLIC_KEY": other}))
    assert "without VAPID_PRIVATE_KEY" in refusal(tmp_path, VAPID_PUBLIC_KEY=other)


def test_of_several_it_must_belong_to_the_first(tmp_path: Path) -> None:
    keys = {"VAPID_PRIVATE_KEY": f"{OLDER.private_text},{VAPID.private_text}", "VAPID_PUBLIC_KEY": VAPID.public}
    assert "of several from the first" in refusal(tmp_path, **keys)
    assert load(tmp_path, **(keys | {"VAPID_PUBLIC_KEY": OLDER.public})).vapid_public_key == OLDER.public


def test_several_processes_need_postgresql(tmp_path: Path) -> None:
    said = refusal(tmp_path, WEB_PROCESSES="4")
    assert said.startswith("WEB_PROCESSES is 4, but on SQLite they would only wait for each other")
    assert said.endswith("Leave it out, or set DATABASE_URL to a PostgreSQL database.")
    assert refusal(tmp_path, WEB_PROCESSES="2", DATABASE_URL=f"sqlite:///{tmp_path}/x") == said.replace("4", "2")
    assert load(tmp_path, WEB_PROCESSES="64", DATABASE_URL="postgresql://u:p@h/d").web_processes == 64


def test_who_names_a_broker_wants_no_worker_beside_the_server_unless_they_say_so(tmp_path: Path) -> None:
    broker = {"ENGINE_URL": "redis://127.0.0.1:6379/0"}
    assert load(tmp_path).embedded_worker
    assert not load(tmp_path, **broker).embedded_worker
    assert load(tmp_path, **broker, EMBEDDED_WORKER="true").embedded_worker


def test_secrets_are_not_printed_with_the_settings(tmp_path: Path) -> None:
    urls = {"DATABASE_URL": "postgresql://u:hunter2@h/d", "ENGINE_URL": "redis://:hunter2@h/0"}
    given = {"SECRET_KEY": KEY, "VAPID_PRIVATE_KEY": VAPID.private_text, "METRICS_TOKEN": "scrape" * 3}
    settings = load(tmp_path, **urls, **given)
    assert not [secret for secret in (*given.values(), "hunter2") if secret in repr(settings)]


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    write(tmp_path, "PORT = 8001\nSITE_NAME = 'From the file'\nHOST = None\n")
    settings = load(tmp_path, PORT="8002", SITE_NAME="")
    assert (settings.port, settings.site_name, settings.host) == (8002, "From the file", "127.0.0.1")


def test_an_unknown_name_in_the_file_is_said_and_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "import os\nPROT = 8001\nport = 8002\n")
    assert load(tmp_path, PROT="1").port == 5000
    warned = capsys.readouterr().err
    assert warned.count("\n") == 1
    assert "PROT is not a setting of this version and is ignored" in warned


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:5000"),
        ("0.0.0.0", "http://localhost:5000"),
        ("::1", "http://localhost:5000"),
        ("example.org", "http://example.org:5000"),
        ("192.168.1.5", "http://192.168.1.5:5000"),
        ("2001:db8::1", "http://[2001:db8::1]:5000"),
    ],
)
def test_the_address_is_what_a_person_types(tmp_path: Path, host: str, address: str) -> None:
    assert load(tmp_path, HOST=host).address == address


def test_every_setting_is_named_in_the_readme() -> None:
    readme = (config.ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in config.NAMES if not re.search(rf"\b{name}\b", readme)] == []
