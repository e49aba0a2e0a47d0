"""Whether root lends our own programs an account, and what it hands over."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from config import BASE_DIR
from config.supervisor import SupervisorError, programs, runner
from config.supervisor.address import WebAddress
from config.supervisor.files import read_untrusted_file, write_private_file
from config.supervisor.home import EngineHome, SystemAccount
from config.supervisor.runner import (
    ProgramRunner,
    access_remedy,
    first_unreadable_path,
    impersonate_account,
    select_program_runner,
)

ACCOUNT = SystemAccount(12345, 12345)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root only")


@pytest.fixture
def place():
    """A folder that any account gets to; pytest's are closed."""
    with tempfile.TemporaryDirectory(prefix="patchbay-test-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture
def project(place):
    """A small tree that everybody can read."""
    (place / "project" / "code").mkdir(parents=True)
    (place / "project" / "code" / "module.py").touch()
    return place / "project"


@pytest.fixture
def data(place):
    (place / "var").mkdir()
    return place / "var"


@pytest.fixture
def lent(data):
    """A runner with an account, whose home is in the data folder."""
    home = EngineHome(data / "engines", ACCOUNT)
    home.path.mkdir(mode=0o700)
    home.hand_over(home.path)
    return ProgramRunner(data, home)


def closed_to_account(path: Path) -> Path | None:
    with impersonate_account(ACCOUNT):
        return first_unreadable_path([path.resolve()])


@as_root
class TestWhatIsClosed:
    def test_nothing_in_an_open_tree(self, project):
        assert closed_to_account(project) is None

    @pytest.mark.parametrize(
        ("name", "mode"),
        [("code/module.py", 0o600), ("code", 0o700), ("code", 0o711), (".", 0o700), (".", 0o744)],
    )
    def test_one_closed_file_or_folder_is_named(self, project, name, mode):
        (project / name).chmod(mode)
        assert closed_to_account(project) == project / name

    def test_of_closed_folders_the_topmost_is_named(self, place, project):
        for path in (project / "code", project, place):
            path.chmod(0o700)
        assert closed_to_account(project / "code") == place

    def test_a_folder_above_need_only_be_entered(self, place, project):
        place.chmod(0o711)
        assert closed_to_account(project) is None

    def test_links_are_followed_and_those_that_lead_nowhere_ignored(self, place, project):
        (project / "gone").symlink_to(place / "nowhere")
        assert closed_to_account(project) is None
        (place / "secret").touch(mode=0o600)
        (project / "link").symlink_to(place / "secret")
        assert closed_to_account(project) == project / "link"

    def test_bytecode_and_tests_are_not_needed(self, project):
        for name in runner.IGNORED_FOLDERS:
            (project / "code" / name).mkdir(mode=0o700)
        assert closed_to_account(project) is None

    def test_the_owner_reads_what_others_cannot(self, project):
        (project / "code").chmod(0o700)
        os.chown(project / "code", ACCOUNT.uid, ACCOUNT.gid)
        assert closed_to_account(project) is None

    def test_the_rights_of_root_come_back(self, place):
        with pytest.raises(PermissionError), impersonate_account(ACCOUNT):
            (place / "file").touch()
        assert (os.geteuid(), os.getegid()) == (0, 0)
        os.chown(place, 0, 0)


class TestChoice:
    address = WebAddress("127.0.0.1", 8000)

    @pytest.fixture(autouse=True)
    def _readable(self, monkeypatch, project):
        monkeypatch.setattr(runner, "_required_paths", lambda: [project])
        monkeypatch.setattr(runner, "_can_run_python", lambda account: True)
        monkeypatch.setattr(runner, "CODE_FOLDERS", ())

    def test_who_is_not_root_runs_the_programs(self, data, monkeypatch):
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        chosen = select_program_runner(data, self.address, pytest.fail)
        assert (chosen.account, chosen.environment()) == (None, {})

    @as_root
    def test_root_lends_the_account_of_the_engines(self, data):
        (data / "engines").mkdir()
        os.chown(data / "engines", ACCOUNT.uid, ACCOUNT.gid)
        assert select_program_runner(data, self.address, pytest.fail).account == ACCOUNT

    @as_root
    def test_root_keeps_them_and_says_so_where_something_is_closed(self, data, project):
        project.chmod(0o700)
        said = []
        assert select_program_runner(data, self.address, said.append).account is None
        (line,) = said
        assert f"run as root, because the account _patchbay cannot read {project}." in line
        assert "Run `make up` as an ordinary user, or install a Python" in line

    @as_root
    def test_a_python_that_does_not_start_is_named(self, data, monkeypatch):
        monkeypatch.undo()
        monkeypatch.setattr(runner, "_required_paths", list)
        monkeypatch.setattr(runner, "_can_run_python", lambda account: False)
        said = []
        assert select_program_runner(data, self.address, said.append).account is None
        assert f"cannot read {sys.executable}." in said[0]

    @as_root
    def test_a_port_that_the_account_may_not_open_is_refused(self, data):
        limit = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
        if limit < 2:
            pytest.skip("here every account may listen on every port")
        with pytest.raises(SupervisorError, match="Permission denied.*The web runs as _patchbay"):
            select_program_runner(data, WebAddress("127.0.0.1", limit - 1), pytest.fail)


class TestRemedy:
    def test_a_closed_folder_above_the_project(self):
        assert access_remedy(BASE_DIR.parent).startswith(
            "move the project to a folder that everybody"
        )

    @pytest.mark.parametrize("path", [BASE_DIR, BASE_DIR / "templates" / "base.html"])
    def test_a_closed_project_is_opened_but_not_its_data(self, path):
        command = access_remedy(path).partition(f"cd {BASE_DIR} && ")[2]
        assert "chmod a+rx . && chmod -R a+rX" in command
        assert "var" not in command.replace(sys.prefix, "").split()

    def test_a_closed_python(self):
        assert "BASE_PYTHON=/usr/bin/python3" in access_remedy(Path("/home/somebody/.pyenv"))


@as_root
class TestHandedOver:
    def test_static_files_are_collected_in_the_home(self, lent, monkeypatch):
        monkeypatch.delenv("STATIC_ROOT", raising=False)
        (lent.data / "static" / "css").mkdir(parents=True)  # as an earlier version left it
        static = Path(lent.environment()["STATIC_ROOT"])
        assert static == lent.home.path / "static"
        assert static.stat().st_uid == ACCOUNT.uid
        assert not (lent.data / "static").exists()

    def test_a_folder_for_static_files_that_somebody_chose_is_taken_over(
        self, lent, place, monkeypatch
    ):
        chosen = place / "served"
        (chosen / "css").mkdir(parents=True)
        (chosen / "passwd").symlink_to("/etc/passwd")
        monkeypatch.setenv("STATIC_ROOT", str(chosen))
        assert lent.environment() == {"STATIC_ROOT": str(chosen)}
        owners = {path.lstat().st_uid for path in (chosen, *chosen.iterdir())}
        assert owners == {ACCOUNT.uid}
        assert Path("/etc/passwd").stat().st_uid == 0

    def test_the_demo_is_written_by_the_account_and_kept_by_root(self, lent):
        kept = lent.data / "quickstart.json"
        kept.write_text("old")
        with lent.quickstart() as file:
            assert (file.read_text(), file.stat().st_uid) == ("old", ACCOUNT.uid)
            file.write_text("new")
        assert (kept.read_text(), kept.stat().st_uid) == ("new", 0)
        assert kept.stat().st_mode & 0o777 == 0o600
        assert not file.exists()

    def test_a_demo_that_was_made_before_a_crash_is_not_lost(self, lent):
        lent.quickstart().__enter__().write_text("made")
        with lent.quickstart() as file:
            assert file.read_text() == "made"
        assert (lent.data / "quickstart.json").read_text() == "made"

    def test_root_follows_no_link_of_the_account(self, lent, place):
        (place / "secret").write_text("of root")
        with pytest.raises(OSError, match="symbolic links"), lent.quickstart() as file:
            file.symlink_to(place / "secret")
        (lent.home.path / "static").symlink_to(place)
        lent.home.folder("static")
        assert place.stat().st_uid == 0

    def test_a_private_file_belongs_to_whom_its_folder_does(self, lent):
        for folder in (lent.data, lent.home.path):
            write_private_file(folder / "file", "text")
            assert (folder / "file").stat().st_uid == folder.stat().st_uid
            assert read_untrusted_file(folder / "file") == "text"


class TestPrograms:
    env = {
        "DATABASE_URL": "web", "DATABASE_WORKER_URL": "worker", "DATABASE_OWNER_URL": "owner",
    }  # fmt: skip

    def all(self, account: SystemAccount | None = None) -> list:
        web = programs.build_web_program(self.env, WebAddress("", 1), account)
        return [
            web,
            *(
                make(self.env, account)
                for make in (programs.build_dispatcher_program, programs.build_worker_program)
            ),
        ]

    def test_run_under_the_account_without_the_home_of_root(self):
        for program in [
            *self.all(ACCOUNT),
            programs.build_prepare_program(self.env, account=ACCOUNT),
        ]:
            assert program.popen == {"cwd": BASE_DIR, **ACCOUNT.popen()}
            assert program.env["HOME"] == "/nonexistent"
        for program in self.all():
            assert program.popen == {"cwd": BASE_DIR}

    def test_none_is_told_how_to_be_the_owner(self, monkeypatch):
        monkeypatch.setenv("DATABASE_OWNER_URL", "owner")
        assert [program.env["DATABASE_OWNER_URL"] for program in self.all()] == ["", "", ""]
        assert self.all()[0].env["DATABASE_WORKER_URL"] == ""
