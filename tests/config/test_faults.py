"""Wrong settings: each is refused by one sentence, all at once, by every program, and no secret is
told."""

import os
import subprocess
import sys
from base64 import urlsafe_b64encode

import pytest

from config import BASE_DIR, telemetry
from config.environment import kinds
from config.environment.kinds import Choice, CommaSeparated, IntegerInRange, NumberInRange
from config.environment.reader import env
from config.environment.validation import find_missing_variables, find_setting_errors
from config.environment.variables import VARIABLES, EnvironmentVariable
from config.supervisor import SupervisorError
from config.supervisor.__main__ import prepare_supervisor_settings

# The same in each process of a run, as they are in the names of tests.
KEY, OTHER_KEY = (urlsafe_b64encode(bytes([n] * 32)).decode() for n in (7, 8))
SECRET = "hunter2"  # in each bad value of a secret that has room for it
NOT_URLS = [
    *("patchbay.example.com", "https://", "https://a b", "https://a:99999", "https://a:x"),
    *("https://[::1", "://", "https://exa_mple!"),
]
OF_KIND = {
    kinds.parse_switch: ["ture", "2", "enabled", "tru e", "offf"],
    kinds.parse_log_level: ["LOUD", "20", "INFO,DEBUG"],
    kinds.parse_text_line: ["two\nlines", "a\x00b", "\x1b[31mred"],
    kinds.parse_folder_path: ["a\x00b"],
    kinds.parse_port: ["0", "65536", "http", "-1", "80.5", "８０"],
    kinds.parse_public_url: [*NOT_URLS, "ftp://a", "https://u:p@a", "https://a?b", "https://a#b"],
    kinds.parse_secure_url: [
        *NOT_URLS,
        "http://api.example.com",
        "ftp://localhost",
        "https://u:p@a",
    ],
    kinds.parse_email_sender: ["nobody", "Patchbay <>", "a@b\nBcc: c@d", "a@b@c"],
    kinds.parse_network: ["10.0.0.1/8", "10.0.0.0/33", "all", "10.0.0"],
    kinds.parse_hosts: [
        *("https://a.example", "a.example:443", "a.example/x", "a b", "10.0.0.256", "[::1"),
        *(",", "a,,http://b", "-a.example", "a_b.example!"),
    ],
    kinds.parse_origins: ["a.example", "https://a/", "https://a/path", "ftp://a", "https://", ","],
    kinds.parse_networks: [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "everything",
        "10.0.0.0/8;10.1.0.0/16",
        ",",
    ],
    kinds.parse_proxies: [
        "proxy.example",
        "10.0.0.1/24",
        "10.0.0.256",
        "0.0.0.0/0",
        "::/0",
        "Unix",
    ],
    kinds.parse_long_secret: [SECRET, "x" * 31],
    kinds.parse_bearer_token: [SECRET, f"{SECRET} with blanks in it"],
    kinds.parse_fernet_keys: [SECRET, f"{KEY},{SECRET}", KEY[:-4], ",", f"{KEY} {OTHER_KEY}"],
    kinds.parse_database_url: [
        *(SECRET, f"mysql://u:{SECRET}@h/d", f"postgresql://u:{SECRET}@h:99999/d"),
        *(f"postgresql://u:{SECRET}@h/d?colour={SECRET}", f"postgresql://u:{SECRET} x@h/d"),
        *(f"postgresql://u:{SECRET}@h", f"postgresql://u:{SECRET}@h:port/d"),
        *(f"postgresql://u:{SECRET}@[::1/d", f"postgresql://u:{SECRET}@h/d?sslmode=maybe"),
        f"postgresql://u:{SECRET}%@h/d",
    ],
    kinds.parse_broker_url: [
        *(SECRET, f"http://:{SECRET}@h", f"redis://:{SECRET}@h:99999/0", f"redis://:{SECRET}@"),
        *(f"redis://:{SECRET}@h/zero", f"redis://:{SECRET}@[::1/0", f"amqp://u:{SECRET}@h"),
    ],
    kinds.parse_email_url: [
        *(SECRET, f"imap://u:{SECRET}@h", f"smtp://u:{SECRET}@h:99999", f"smtp://u:{SECRET}@"),
        f"smtp://u:{SECRET}@h:port",
    ],
}


@pytest.fixture(autouse=True)
def with_all_packages(monkeypatch):
    """Those that a setting asks for, which nobody has to install."""
    monkeypatch.setattr(telemetry, "is_module_installed", lambda module: True)


def bad_values(variable: EnvironmentVariable) -> list[str]:
    kind = variable.kind
    if isinstance(kind, NumberInRange):
        between = [] if not isinstance(kind, IntegerInRange) else [f"{kind.low}.5"]
        words = ["many", "1e3", "0x10", "nan", "inf", "1,000", "１", "--1", "5 s"]
        return [str(kind.low - 1), str(kind.high + 1), *words, *between]
    if isinstance(kind, Choice):
        return ["everybode", *(word.upper() for word in kind.words), ",".join(kind.words)]
    return OF_KIND[kind]


CASES = [(name, bad) for name, each in VARIABLES.items() for bad in bad_values(each)]


WITH_OIDC = {
    "PATCHBAY_OIDC_SERVER_URL": "https://id.example",
    "PATCHBAY_OIDC_CLIENT_ID": "patchbay",
    "PATCHBAY_OIDC_CLIENT_SECRET": "secret",
}


def set_only(monkeypatch, **values: str) -> None:
    """The environment of a production with these settings."""
    for name in list(os.environ):
        if name in VARIABLES or name.upper().startswith("PATCHBAY_") or name.endswith("_FILE"):
            monkeypatch.delenv(name)
    for name, value in values.items():
        if "\0" in value:  # no program can be given one; settings are read all the same
            monkeypatch.setitem(os.environ._data, name.encode(), value.encode())
        else:
            monkeypatch.setenv(name, value)


def found(name: str = "make up") -> list[str]:
    return [*find_setting_errors(VARIABLES[name].reader if name in VARIABLES else name)]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_bad_value_is_one_sentence_that_names_the_setting(monkeypatch, name, value):
    set_only(monkeypatch, **{**(WITH_OIDC if "OIDC" in name else {}), name: value})
    sentences = [each for each in found(name) if each.startswith(name)]
    assert len(sentences) == 1, (value, sentences)
    assert SECRET not in " ".join(found(name))
    assert "\n" not in sentences[0]
    assert "\x1b" not in sentences[0]


@pytest.mark.parametrize("name", VARIABLES)
def test_a_default_is_right(monkeypatch, name):
    set_only(monkeypatch)
    default = VARIABLES[name].default
    text = ",".join(default) if isinstance(default, list) else str(default if default else "")
    set_only(monkeypatch, **{name: text})
    assert found(name) == []
    if default and not isinstance(default, bool):
        assert env(name) == default


def test_every_kind_has_bad_values():
    """A new kind that nobody tried is none."""
    known = {each.kind for each in VARIABLES.values()}
    listed = {kind for kind in known if not isinstance(kind, NumberInRange | Choice)}
    assert listed == set(OF_KIND)
    assert any(isinstance(kind, CommaSeparated) for kind in listed)


GOOD = [
    ("PATCHBAY_HTTPS", "True", True),
    ("PATCHBAY_HTTPS", " off ", False),
    ("LOG_LEVEL", "debug", "DEBUG"),
    ("PUBLIC_BASE_URL", "https://a.example/", "https://a.example"),
    ("ALLOWED_HOSTS", "a.example, .b.example,[::1],10.0.0.1,*", None),
    ("CSRF_TRUSTED_ORIGINS", "https://*.a.example,http://[::1]:8000", None),
    ("PATCHBAY_TRUSTED_PROXIES", "unix, 127.0.0.1,::1,10.0.0.0/8", None),
    ("DATABASE_URL", "postgresql://u:p%40@a,b:5432,5433/d?sslmode=verify-full", None),
    ("DATABASE_URL", "host=/run/postgresql dbname=d", None),
    ("REDIS_URL", "redis+socket://:p@/a/b.sock?virtual_host=0", None),
    ("REDIS_URL", "rediss://:p@h:6380/1", None),
    ("PATCHBAY_ENCRYPTION_KEYS", f"{KEY}, {OTHER_KEY}", [KEY, OTHER_KEY]),
    ("PATCHBAY_EMAIL_FROM", "Phones <phones@example.com>", "Phones <phones@example.com>"),
    ("PATCHBAY_RATE_LIMIT_PER_SECOND", "0.5", 0.5),
    ("PATCHBAY_TWILIO_API_URL", "http://127.0.0.1:4010", "http://127.0.0.1:4010"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_good_value_is_taken(monkeypatch, name, text, value):
    set_only(monkeypatch, **{name: text})
    assert found(name) == []
    assert env(name) == value or value is None
    assert env(name, "another") != "another"


def test_mail_goes_where_the_url_says(monkeypatch):
    set_only(monkeypatch, EMAIL_URL="smtp+tls://me:p%40ss@mail.example:587")
    assert env("EMAIL_URL") | {"EMAIL_USE_TLS": True} == env("EMAIL_URL")
    assert env("EMAIL_URL")["EMAIL_HOST_PASSWORD"] == "p@ss"


class TestNames:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("PATCHBAY_TRUSTED_PROXIE", "PATCHBAY_TRUSTED_PROXIES"),
            ("PATCHBAY_ENCRYPTION_KEY", "PATCHBAY_ENCRYPTION_KEYS"),
            ("PATCHBAY_ENCRYPTION_KEYS_FIEL", "PATCHBAY_ENCRYPTION_KEYS_FILE"),
            ("Patchbay_Https", "PATCHBAY_HTTPS"),
        ],
    )
    def test_a_near_miss_is_named(self, monkeypatch, name, meant):
        set_only(monkeypatch, **{name: SECRET})
        assert found() == [f"{name} is no setting. Did you mean {meant}?"]

    def test_what_is_like_nothing_has_no_suggestion(self, monkeypatch):
        set_only(monkeypatch, PATCHBAY_XQZ="1")
        assert found() == ["PATCHBAY_XQZ is no setting."]

    def test_only_a_secret_may_be_in_a_file(self, monkeypatch):
        set_only(monkeypatch, PATCHBAY_HTTPS_FILE="/x")
        assert "PATCHBAY_HTTPS_FILE is no setting" in found()[0]

    @pytest.mark.parametrize("value", ["true", "false"])
    def test_one_that_was_replaced_names_the_other(self, monkeypatch, value):
        set_only(monkeypatch, PATCHBAY_TRUST_PROXY=value)
        assert "PATCHBAY_TRUSTED_PROXIES replaces it" in found()[0]

    def test_one_that_is_empty_was_not_set(self, monkeypatch):
        set_only(monkeypatch, PATCHBAY_TRUST_PROXY="", PATCHBAY_HTTPS="", REDIS_URL=" ")
        assert found() == []

    def test_names_of_tests_and_of_connect_are_known(self, monkeypatch):
        set_only(monkeypatch, PATCHBAY_TEST_JAMBONZ_URL="x", PATCHBAY_CONNECT_TOKEN="x")
        assert found() == []


class TestTogether:
    @pytest.mark.parametrize("name", ["SERVER_URL", "CLIENT_ID", "CLIENT_SECRET"])
    def test_a_part_of_openid_connect_is_none(self, monkeypatch, name):
        value = "https://id.example" if name == "SERVER_URL" else SECRET
        set_only(monkeypatch, **{f"PATCHBAY_OIDC_{name}": value})
        assert [each.split()[0] for each in found()] == [f"PATCHBAY_OIDC_{name}"]
        assert SECRET not in found()[0]

    @pytest.mark.parametrize(("name", "seconds"), [("LEASE", "22"), ("JOB_LEASE", "60")])
    def test_a_lease_outlives_what_is_done_under_it(self, monkeypatch, name, seconds):
        set_only(monkeypatch, **{f"PATCHBAY_{name}_SECONDS": seconds})
        assert [each.split()[0] for each in found()] == [f"PATCHBAY_{name}_SECONDS"]
        set_only(monkeypatch, **{f"PATCHBAY_{name}_SECONDS": str(int(seconds) + 1)})
        assert found() == []

    def test_all_faults_are_told_at_once(self, monkeypatch):
        bad = {name: bad_values(each)[0] for name, each in VARIABLES.items() if not each.reader}
        set_only(monkeypatch, **bad)
        told = " ".join(found())
        assert [name for name in bad if name not in told] == []


SECRETS = [name for name, each in VARIABLES.items() if each.is_secret and not each.reader]


class TestFiles:
    @pytest.mark.parametrize("name", SECRETS)
    def test_a_secret_may_be_in_a_file(self, monkeypatch, tmp_path, name):
        good = {
            "SECRET_KEY": "x" * 50,
            "PATCHBAY_ENCRYPTION_KEYS": KEY,
            "DATABASE_URL": "postgresql://u:p@h/d",
            "REDIS_URL": "redis://h",
            "EMAIL_URL": "smtp://h",
        }.get(name, "a-secret-of-some-length")
        (tmp_path / "secret").write_text(good + "\n")
        set_only(monkeypatch, **{f"{name}_FILE": str(tmp_path / "secret")})
        assert [each for each in found() if "OpenID" not in each] == []
        assert env.given(name) == good
        assert name in env

    @pytest.mark.parametrize("name", SECRETS)
    def test_one_that_is_not_there_or_empty_is_named_with_its_path(
        self, monkeypatch, tmp_path, name
    ):
        (tmp_path / "empty").write_text("\n")
        (tmp_path / "binary").write_bytes(b"\xff\xfe")
        for place in ("nowhere", "empty", "binary", ""):
            set_only(monkeypatch, **{f"{name}_FILE": str(tmp_path / place)})
            assert [str(tmp_path / place) in each for each in found()] == [True]
            assert env.given(name) == ""

    def test_both_ways_are_one_too_many(self, monkeypatch, tmp_path):
        (tmp_path / "secret").write_text("y" * 50)
        set_only(monkeypatch, SECRET_KEY="x" * 50, SECRET_KEY_FILE=str(tmp_path / "secret"))
        assert found() == ["SECRET_KEY and SECRET_KEY_FILE are both set; remove one of them."]

    def test_a_bad_value_in_a_file_is_not_shown(self, monkeypatch, tmp_path):
        (tmp_path / "secret").write_text(SECRET)
        set_only(monkeypatch, PATCHBAY_ENCRYPTION_KEYS_FILE=str(tmp_path / "secret"))
        assert found()[0].startswith("PATCHBAY_ENCRYPTION_KEYS must be Fernet keys")
        assert SECRET not in found()[0]

    def test_what_is_needed_may_be_in_files(self, monkeypatch, tmp_path):
        set_only(monkeypatch)
        assert [each.split()[0] for each in find_missing_variables()] == [
            "SECRET_KEY",
            "PATCHBAY_ENCRYPTION_KEYS",
        ]
        (tmp_path / "s").write_text("x" * 50)
        (tmp_path / "k").write_text(KEY)
        set_only(
            monkeypatch,
            SECRET_KEY_FILE=str(tmp_path / "s"),
            PATCHBAY_ENCRYPTION_KEYS_FILE=str(tmp_path / "k"),
        )
        assert find_missing_variables() == []


def test_the_supervisor_refuses_before_it_starts_anything(monkeypatch):
    set_only(monkeypatch, PORT="http", PATCHBAY_HTTPS="ture")
    with pytest.raises(SupervisorError) as refusal:
        prepare_supervisor_settings()
    assert "PORT must be a whole number from 1 to 65535, not 'http'." in str(refusal.value)
    assert "PATCHBAY_HTTPS must be on or off, not 'ture'." in str(refusal.value)


def test_the_supervisor_hands_secrets_of_files_to_its_children(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("x" * 50 + "\n")
    set_only(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "secret"))
    prepare_supervisor_settings()
    assert os.environ["SECRET_KEY"] == "x" * 50
    assert "SECRET_KEY_FILE" not in os.environ


PROGRAMS = {
    "manage.py check": ["manage.py", "check"],
    "manage.py migrate": ["manage.py", "migrate"],
    "dispatcher": ["manage.py", "dispatch"],
    "web": ["-c", "import config.asgi"],
    "worker": ["-m", "celery", "-A", "config", "worker"],
    "make up": ["-m", "config.supervisor"],
}


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_no_program_starts_with_a_fault_and_none_shows_a_traceback(program, tmp_path):
    wrong = {
        "PATCHBAY_MODE": "production",
        "PATCHBAY_HTTPS": "ture",
        "PATCHBAY_TRUSTED_PROXIE": "10.0.0.1",
        "DATABASE_URL": f"postgresql://u:{SECRET}@h:99999/d",
        "PATCHBAY_DATA": str(tmp_path),
    }
    command = [sys.executable, *PROGRAMS[program]]
    manner = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    done = subprocess.run(command, cwd=BASE_DIR, env={**os.environ, **wrong}, **manner)
    told = done.stdout + done.stderr
    assert done.returncode == (1 if program == "make up" else 2)
    assert "PATCHBAY_HTTPS must be on or off, not 'ture'." in told
    assert "Did you mean PATCHBAY_TRUSTED_PROXIES?" in told
    assert "DATABASE_URL must be a URL of PostgreSQL" in told
    assert SECRET not in told
    assert "Traceback" not in told
