"""`make up` on data that PostgreSQL 16 wrote: refused, copied when asked, and never lost."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from config.supervisor import SupervisorError, upgrade
from config.supervisor.home import EngineHome, lock_engine_home
from config.supervisor.postgres import OWNER, SUPERUSER, Postgres, read_cluster_version
from config.supervisor.processes import spawn_program
from config.supervisor.secrets import SecretStore
from tests.support.make_up import Installation, temporary_installation, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
CREATE_ROWS_SQL = """
CREATE TABLE kept (id bigint PRIMARY KEY, label text, at timestamptz DEFAULT now(), price float8);
INSERT INTO kept SELECT n, md5(n::text), now(), n / 7.0 FROM generate_series(1, 200000) n;
GRANT SELECT ON kept TO patchbay_web;
"""


class Postgres16(Postgres):
    major = 16
    collation = ("--locale=C",)


@pytest.fixture
def installation(monkeypatch):
    monkeypatch.delenv("PATCHBAY_ENCRYPTION_KEYS")  # that of this test run
    with temporary_installation() as made:
        made.data.mkdir()
        create_postgres_16_data(made.data)
        yield made


def create_postgres_16_data(data: Path) -> None:
    secrets = SecretStore(data)
    secrets.encryption_keys(database_exists=False, announce=print)
    home = lock_engine_home(data)
    engine = Postgres16(home, home.sockets(), secrets.passwords())
    engine.create()
    with (data / "log").open("wb") as log:
        process = spawn_program(engine.program(), log)
    wait_until(engine.answers, 30)
    engine.furnish()
    with psycopg.connect(engine.url(OWNER)) as connection:
        connection.execute(CREATE_ROWS_SQL)
    process.send_signal(signal.SIGINT)
    process.wait(30)
    os.close(home.lock)


def cluster_folder(installation: Installation, name: str = "postgres") -> Path:
    return installation.data / "engines" / name


def start_refused_log(installation: Installation) -> str:
    process = installation.launch()
    assert process.wait(60) == 1
    return installation.log.read_text()


def read_kept_rows(installation: Installation) -> tuple:
    with psycopg.connect(installation.url("DATABASE_OWNER_URL")) as connection:
        found = "SELECT count(*), count(DISTINCT label), sum(price)::text FROM kept"
        return connection.execute(found).fetchone()


def test_it_is_refused_until_somebody_asks_then_copied_and_the_old_data_are_kept(installation):
    assert "make up UPGRADE_POSTGRES=1" in start_refused_log(installation)
    assert read_cluster_version(cluster_folder(installation)) == "16"
    installation.env["UPGRADE_POSTGRES"] = "1"
    installation.start()
    assert read_cluster_version(cluster_folder(installation)) == "18"
    assert read_cluster_version(cluster_folder(installation, "postgres.16")) == "16"
    assert read_kept_rows(installation)[:2] == (200_000, 200_000)
    with psycopg.connect(installation.url("DATABASE_URL")) as connection:  # as the web
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (200_000,)
    assert sorted(path.name for path in cluster_folder(installation).parent.glob("postgres*")) == [
        "postgres",
        "postgres.16",
    ]


@pytest.mark.parametrize("moment", ["postgres.unfinished", "postgres.upgraded", "postgres.dump"])
def test_who_kills_it_on_the_way_loses_nothing_and_starts_it_again(installation, moment):
    installation.env["UPGRADE_POSTGRES"] = "1"
    process = installation.launch()
    wait_until(cluster_folder(installation, moment).exists, 60)
    process.kill()
    process.wait()
    assert read_cluster_version(cluster_folder(installation)) == "16"
    wait_until(lambda: not installation.processes(), 60)
    installation.start()
    assert read_cluster_version(cluster_folder(installation)) == "18"
    assert read_kept_rows(installation)[:2] == (200_000, 200_000)


def test_what_was_whole_takes_its_place_though_it_was_killed_between_two_names(tmp_path):
    """Without this the next start would take the folder for a new one."""
    made, old = tmp_path / "postgres.upgraded", tmp_path / "postgres.16"
    for folder in (made, old):
        folder.mkdir()
    (made / upgrade.UPGRADE_MARKER).write_text("16\n")
    (made / "PG_VERSION").write_text("18\n")
    upgrade.finish_interrupted_upgrade(Postgres(EngineHome(tmp_path, None), tmp_path, {}))
    assert read_cluster_version(tmp_path / "postgres") == "18"
    assert old.exists()
    assert not made.exists()
    assert not (tmp_path / "postgres" / upgrade.UPGRADE_MARKER).exists()


def test_a_full_disk_is_told_before_anything_is_made(tmp_path, monkeypatch):
    (tmp_path / "base").write_bytes(bytes(2**20))
    monkeypatch.setattr(upgrade, "MIN_FREE_BYTES", 2**60)
    with pytest.raises(SupervisorError, match=r"MB free; the upgrade of its 1 MB needs"):
        upgrade.ensure_disk_space(tmp_path)


def test_a_copy_that_differs_is_refused(monkeypatch):
    there = {"public.kept": (2, 17), "public.gone": (0, 0)}
    contents = iter([there, {"public.kept": (2, 18)}])
    monkeypatch.setattr(upgrade, "cluster_table_checksums", lambda url: next(contents))
    engine = Postgres(EngineHome(Path("/"), None), Path("/"), {SUPERUSER: "secret"})
    with pytest.raises(SupervisorError, match=r"the copy of public\.gone, public\.kept is not"):
        upgrade.ensure_identical_tables(engine, engine)
