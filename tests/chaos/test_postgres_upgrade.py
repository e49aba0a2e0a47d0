"""`make up` on data that PostgreSQL 16 wrote: refused, copied when asked, and never lost."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from config.supervisor import Refused, upgrade
from config.supervisor.home import Home, open_home
from config.supervisor.postgres import OWNER, SUPERUSER, Postgres, written_version
from config.supervisor.processes import spawn
from config.supervisor.secrets import Secrets
from tests.support.make_up import Installation, installed, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
FILL = """
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
    with installed() as made:
        made.data.mkdir()
        written_by_16(made.data)
        yield made


def written_by_16(data: Path) -> None:
    secrets = Secrets(data)
    secrets.encryption_keys(database_exists=False, announce=print)
    home = open_home(data)
    engine = Postgres16(home, home.sockets(), secrets.passwords())
    engine.create()
    with (data / "log").open("wb") as log:
        process = spawn(engine.program(), log)
    wait_until(engine.answers, 30)
    engine.furnish()
    with psycopg.connect(engine.url(OWNER)) as connection:
        connection.execute(FILL)
    process.send_signal(signal.SIGINT)
    process.wait(30)
    os.close(home.lock)


def cluster(installation: Installation, name: str = "postgres") -> Path:
    return installation.data / "engines" / name


def refused(installation: Installation) -> str:
    process = installation.launch()
    assert process.wait(60) == 1
    return installation.log.read_text()


def kept(installation: Installation) -> tuple:
    with psycopg.connect(installation.url("DATABASE_OWNER_URL")) as connection:
        found = "SELECT count(*), count(DISTINCT label), sum(price)::text FROM kept"
        return connection.execute(found).fetchone()


def test_it_is_refused_until_somebody_asks_then_copied_and_the_old_data_are_kept(installation):
    assert "make up UPGRADE_POSTGRES=1" in refused(installation)
    assert written_version(cluster(installation)) == "16"
    installation.env["UPGRADE_POSTGRES"] = "1"
    installation.start()
    assert written_version(cluster(installation)) == "18"
    assert written_version(cluster(installation, "postgres.16")) == "16"
    assert kept(installation)[:2] == (200_000, 200_000)
    with psycopg.connect(installation.url("DATABASE_URL")) as connection:  # as the web
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (200_000,)
    assert sorted(path.name for path in cluster(installation).parent.glob("postgres*")) == [
        "postgres",
        "postgres.16",
    ]


@pytest.mark.parametrize("moment", ["postgres.unfinished", "postgres.upgraded", "postgres.dump"])
def test_who_kills_it_on_the_way_loses_nothing_and_starts_it_again(installation, moment):
    installation.env["UPGRADE_POSTGRES"] = "1"
    process = installation.launch()
    wait_until(cluster(installation, moment).exists, 60)
    process.kill()
    process.wait()
    assert written_version(cluster(installation)) == "16"
    wait_until(lambda: not installation.processes(), 60)
    installation.start()
    assert written_version(cluster(installation)) == "18"
    assert kept(installation)[:2] == (200_000, 200_000)


def test_what_was_whole_takes_its_place_though_it_was_killed_between_two_names(tmp_path):
    """Without this the next start would take the folder for a new one."""
    made, old = tmp_path / "postgres.upgraded", tmp_path / "postgres.16"
    for folder in (made, old):
        folder.mkdir()
    (made / upgrade.MARK).write_text("16\n")
    (made / "PG_VERSION").write_text("18\n")
    upgrade.finish(Postgres(Home(tmp_path, None), tmp_path, {}))
    assert written_version(tmp_path / "postgres") == "18"
    assert old.exists()
    assert not made.exists()
    assert not (tmp_path / "postgres" / upgrade.MARK).exists()


def test_a_full_disk_is_told_before_anything_is_made(tmp_path, monkeypatch):
    (tmp_path / "base").write_bytes(bytes(2**20))
    monkeypatch.setattr(upgrade, "FREE", 2**60)
    with pytest.raises(Refused, match=r"MB free; the upgrade of its 1 MB needs"):
        upgrade.require_room(tmp_path)


def test_a_copy_that_differs_is_refused(monkeypatch):
    there = {"public.kept": (2, 17), "public.gone": (0, 0)}
    contents = iter([there, {"public.kept": (2, 18)}])
    monkeypatch.setattr(upgrade, "contents_of", lambda url: next(contents))
    engine = Postgres(Home(Path("/"), None), Path("/"), {SUPERUSER: "secret"})
    with pytest.raises(Refused, match=r"the copy of public\.gone, public\.kept is not"):
        upgrade.require_same(engine, engine)
