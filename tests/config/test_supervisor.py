"""The supervisor of `make up`: what it keeps, what it refuses, how it tends its children."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from kombu.utils.url import url_to_parts

from config.environment import reader as project_environment
from config.supervisor import SupervisorError, home, programs, software
from config.supervisor.address import WebAddress, configured_web_address
from config.supervisor.environment import configured_engine_urls, write_environment_file
from config.supervisor.home import EngineHome, lock_engine_home
from config.supervisor.locks import acquire_file_lock
from config.supervisor.postgres import OWNER, WEB, WORKER, Postgres, read_cluster_version
from config.supervisor.processes import Program, kill_process_group, spawn_program
from config.supervisor.secrets import SecretStore
from config.supervisor.valkey import Valkey
from config.supervisor.welcome import welcome_message

GIVEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_WORKER_URL", "REDIS_URL")
SECRET = ("SECRET_KEY", "PATCHBAY_ENCRYPTION_KEYS")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root only")


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch):
    for name in (*GIVEN, *SECRET, "HOST", "PORT", "PUBLIC_BASE_URL", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data():
    """A data folder that any account gets to (pytest's are closed), with a name to be quoted."""
    with tempfile.TemporaryDirectory(prefix="patchbay-test-") as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "My Data+x%y"
        folder.mkdir()
        yield folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


class TestSecrets:
    def test_are_made_once_and_private(self, tmp_path):
        first = SecretStore(tmp_path)
        again = SecretStore(tmp_path)
        assert first.secret_key() == again.secret_key()
        assert first.passwords() == again.passwords()
        assert len(set(first.passwords().values())) == 4
        assert mode(tmp_path / "secrets") == 0o700
        assert {mode(path) for path in (tmp_path / "secrets").iterdir()} == {0o600}

    def test_the_encryption_key_is_announced_when_made(self, tmp_path):
        said = []
        key = SecretStore(tmp_path).encryption_keys(database_exists=False, announce=said.append)
        assert Fernet(key)
        assert str(tmp_path / "secrets" / "encryption_keys") in said[0]
        assert "Keep a copy" in said[1]
        again = SecretStore(tmp_path).encryption_keys(database_exists=True, announce=pytest.fail)
        assert again == key

    def test_a_database_without_its_key_is_refused(self, tmp_path):
        with pytest.raises(SupervisorError, match="put the file back"):
            SecretStore(tmp_path).encryption_keys(database_exists=True, announce=pytest.fail)
        assert not (tmp_path / "secrets" / "encryption_keys").exists()

    def test_what_the_environment_gives_is_not_stored(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS", "given")
        monkeypatch.setenv("SECRET_KEY", "also given")
        secrets = SecretStore(tmp_path)
        given = secrets.encryption_keys(database_exists=True, announce=pytest.fail)
        assert (given, secrets.secret_key()) == ("given", "also given")
        assert list(secrets.folder.iterdir()) == []


class TestEnvironment:
    def test_is_private_and_read_back_by_the_settings(self, tmp_path, monkeypatch):
        written = {
            "DATABASE_URL": "postgresql://w:p@/patchbay?host=%2Fx&port=5432",
            "SECRET_KEY": "s",
        }
        write_environment_file(tmp_path, written)
        assert mode(tmp_path / "environment") == 0o600
        monkeypatch.setenv("PATCHBAY_DATA", str(tmp_path))
        for name in written:
            monkeypatch.delenv(name, raising=False)
        project_environment.load_quickstart_environment()
        assert {name: os.environ.get(name) for name in written} == written

    @pytest.mark.parametrize("empty", ["", " "])
    def test_what_is_given_empty_is_read_back_too(self, tmp_path, monkeypatch, empty):
        write_environment_file(tmp_path, {"DATABASE_URL": "postgresql:///here", "SECRET_KEY": "s"})
        monkeypatch.setenv("PATCHBAY_DATA", str(tmp_path))
        monkeypatch.setenv("DATABASE_URL", empty)
        monkeypatch.setenv("SECRET_KEY", empty)
        project_environment.load_quickstart_environment()
        assert (os.environ["DATABASE_URL"], os.environ["SECRET_KEY"]) == ("postgresql:///here", "s")

    def test_one_given_url_serves_all_roles(self, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://me@db/patchbay")
        assert set(configured_engine_urls().values()) == {"postgresql://me@db/patchbay"}
        monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@db/patchbay")
        assert configured_engine_urls()["DATABASE_OWNER_URL"] == "postgresql://owner@db/patchbay"


class TestAddress:
    def test_a_taken_port_is_refused_with_the_way_out(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with pytest.raises(
                SupervisorError, match=f"port {port} .* is taken .* PORT={port + 1}"
            ):
                WebAddress("127.0.0.1", port).require_free()
        WebAddress("127.0.0.1", port).require_free()

    def test_a_foreign_host_is_refused(self):
        with pytest.raises(SupervisorError, match="cannot listen on 192.0.2.1"):
            WebAddress("192.0.2.1", 8000).require_free()

    @pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "８０"])
    def test_a_port_is_a_number(self, port, monkeypatch):
        monkeypatch.setenv("PORT", port)
        with pytest.raises(SupervisorError, match="PORT must be a number"):
            configured_web_address()

    def test_default_and_choice(self, monkeypatch):
        assert configured_web_address().url == "http://127.0.0.1:8000"
        monkeypatch.setenv("HOST", "::")
        monkeypatch.setenv("PORT", "8001")
        assert configured_web_address().url == "http://[::1]:8001"

    def test_the_chosen_host_and_the_public_one_are_allowed(self, monkeypatch):
        monkeypatch.setenv("PUBLIC_BASE_URL", "https://patchbay.example.com/")
        told = WebAddress("192.0.2.1", 80).environment()
        assert told["PUBLIC_BASE_URL"] == "https://patchbay.example.com/"
        assert set(told["ALLOWED_HOSTS"].split(",")) == {
            "localhost", "127.0.0.1", "[::1]", "192.0.2.1", "patchbay.example.com",
        }  # fmt: skip

    def test_nobody_answers(self):
        assert not WebAddress("127.0.0.1", 1).answers()


class TestLocks:
    def test_a_second_one_is_refused(self, tmp_path):
        os.close(acquire_file_lock(tmp_path / "lock", "taken"))
        lock = acquire_file_lock(tmp_path / "lock", "taken")
        with pytest.raises(SupervisorError, match="taken"):
            acquire_file_lock(tmp_path / "lock", "taken")
        os.close(lock)

    def test_an_engine_holds_the_lock_that_it_was_handed(self, tmp_path):
        lock = acquire_file_lock(tmp_path / "lock", "taken")
        program = Program("engine", ["sleep", "60"], os.environ, popen={"pass_fds": (lock,)})
        engine = spawn_program(program, subprocess.DEVNULL)
        os.close(lock)
        with pytest.raises(SupervisorError, match="taken"):
            acquire_file_lock(tmp_path / "lock", "taken", patience=0.1)
        kill_process_group(engine)
        os.close(acquire_file_lock(tmp_path / "lock", "taken", patience=5))


class TestHome:
    def test_sockets_are_in_the_home(self, data):
        home = lock_engine_home(data)
        assert home.sockets() == data.resolve() / "engines" / "run"
        os.close(home.lock)

    @pytest.mark.parametrize("name", ["x" * 100, "one,two", 'a"b'])
    def test_sockets_that_cannot_be_there_are_among_the_temporary_files(self, name, tmp_path):
        (tmp_path / name).mkdir()
        sockets = EngineHome(tmp_path / name, None, -1).sockets()
        assert sockets.parent == Path(tempfile.gettempdir())
        assert mode(sockets) == 0o700
        sockets.rmdir()

    def test_a_left_over_socket_is_cleared_away(self, data):
        home = lock_engine_home(data)
        (home.sockets() / ".s.PGSQL.5432.lock").touch()
        assert list(home.sockets().iterdir()) == []
        os.close(home.lock)

    @as_root
    def test_root_in_a_closed_folder_puts_the_engines_in_the_open(self, data, monkeypatch):
        monkeypatch.setattr(home, "PUBLIC_ENGINES_FOLDER", data.parent / "open")
        (data / "closed").mkdir(mode=0o700)
        (data / "closed" / "var").mkdir()
        opened = lock_engine_home(data / "closed" / "var")
        os.close(opened.lock)
        assert opened.path.parent == data.parent / "open"
        assert opened.path.owner() == home.ENGINE_ACCOUNT
        assert mode(opened.path) == 0o700

    def test_data_that_were_elsewhere_and_are_gone_are_not_begun_anew(self, data):
        (data / "engines").symlink_to(data / "gone")
        with pytest.raises(SupervisorError, match="gone. Put it back"):
            lock_engine_home(data)

    @as_root
    def test_root_lends_the_engines_the_account_of_their_owner(self, data):
        (data / "engines").mkdir()
        os.chown(data / "engines", 12345, 12345)
        opened = lock_engine_home(data)
        os.close(opened.lock)
        assert opened.popen()["user"] == 12345

    @as_root
    def test_data_that_were_lent_to_nobody_are_taken_over(self, data):
        (data / "engines" / "postgres").mkdir(parents=True)
        for path in (data / "engines", data / "engines" / "postgres"):
            shutil.chown(path, "nobody", "nogroup")
        opened = lock_engine_home(data)
        os.close(opened.lock)
        assert (data / "engines").owner() == home.ENGINE_ACCOUNT
        assert (data / "engines" / "postgres").owner() == home.ENGINE_ACCOUNT

    @as_root
    @pytest.mark.parametrize("uid", [65534, 12345])
    def test_strangers_neither_read_the_data_nor_reach_the_sockets(self, data, uid):
        opened = lock_engine_home(data)
        sockets = opened.sockets()
        opened.folder("postgres")
        os.close(opened.lock)
        stranger = {"user": uid, "group": uid, "extra_groups": []}
        for path in (opened.path / "postgres", sockets, opened.path):
            tried = subprocess.run(["ls", path], capture_output=True, **stranger)
            assert tried.returncode, path

    @as_root
    def test_programs_that_the_account_cannot_reach_are_copied(self, data, monkeypatch):
        monkeypatch.setattr(software, "_can_run_program", lambda program, home: False)
        opened = lock_engine_home(data)
        for program in (
            software.postgres_program_folder(opened) / "postgres",
            software.valkey_program_path(opened),
        ):
            assert program.is_relative_to(opened.path)
            subprocess.run(
                [program, "--version"], check=True, capture_output=True, **opened.popen()
            )
        os.close(opened.lock)


class TestPostgres:
    def test_data_of_another_major_version_is_refused(self, tmp_path):
        postgres = Postgres(EngineHome(tmp_path, None, -1), tmp_path, {})
        postgres.folder.mkdir()
        (postgres.folder / "PG_VERSION").write_text("17\n")
        assert read_cluster_version(postgres.folder) == "17"
        with pytest.raises(SupervisorError, match="written by PostgreSQL 17.*pg_dump"):
            postgres.create()

    def test_urls_survive_odd_characters(self, tmp_path):
        sockets = Path("/Tmp/My Data+x%y/ü")
        passwords = {OWNER: "o", WEB: "w", WORKER: "r"}
        urls = Postgres(EngineHome(tmp_path, None, -1), sockets, passwords).environment()
        read = project_environment.parse_database_settings(urls["DATABASE_WORKER_URL"])
        assert (read["USER"], read["PASSWORD"], read["HOST"]) == (WORKER, "r", str(sockets))
        url = Valkey(EngineHome(tmp_path, None, -1), sockets, "p-w_").environment()["REDIS_URL"]
        parts = url_to_parts(url)
        assert (parts.path, parts.password) == ("Tmp/My Data+x%y/ü/valkey.sock", "p-w_")


class TestPrograms:
    env = {"DATABASE_URL": "web", "DATABASE_WORKER_URL": "worker"}

    def test_the_web_listens_where_it_is_told(self):
        command = " ".join(
            programs.build_web_program(self.env, WebAddress("0.0.0.0", 9000)).command
        )
        assert "--host 0.0.0.0 --port 9000" in command

    def test_each_has_the_role_that_it_needs(self):
        assert programs.build_web_program(self.env, WebAddress("", 1)).env["DATABASE_URL"] == "web"
        assert programs.build_dispatcher_program(self.env).env["DATABASE_URL"] == "worker"
        assert programs.build_worker_program(self.env).env["DATABASE_URL"] == "worker"

    def test_the_worker_has_time_to_finish(self):
        assert programs.build_worker_program(self.env).grace == 75


class TestWelcome:
    @pytest.fixture
    def quickstart(self, tmp_path):
        told = {"username": "demo@example.com", "password": "pass-word", "api_key": "pb_live_x"}
        (tmp_path / "quickstart.json").write_text(json.dumps(told))
        (tmp_path / "engines").mkdir()
        return tmp_path

    def test_the_first_start_tells_the_secrets(self, quickstart):
        said = welcome_message(quickstart, WebAddress("127.0.0.1", 8000), is_first=True)
        assert "pass-word" in said
        assert 'Bearer pb_live_x"' in said

    def test_later_ones_tell_where_they_are(self, quickstart):
        said = welcome_message(quickstart, WebAddress("127.0.0.1", 8000), is_first=False)
        assert "pass-word" not in said
        assert "pb_live_x" not in said
        assert str(quickstart / "quickstart.json") in said
