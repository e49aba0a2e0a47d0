"""An upgrade under load: the web of an earlier commit serves reads and writes while the migrations
of today run on its database, then the web of today takes over.

`python -m tests.bench.upgrading` prints what clients saw: errors, and the longest stall. Ends with
1 if anything was wrong. Needs the history of git as far as the earlier commit.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from config import BASE_DIR
from config.supervisor import programs
from config.supervisor.address import WebAddress
from tests.bench import multitude
from tests.bench.installation import Installation, free_port, start_installation_engines

EARLIER = "90c93bb"  # before this rule was; the last tag of a version takes its place
URL = "/v1/phone-numbers"
COMPLETE_NUMBER_COUNT = 200  # numbers with all that belongs to one; the others have no audit log
POPULATE = """
import config, django, json, sys
django.setup()
from organizations import sight
from tests.bench import population
with sight.everything():
    member = population.settle_in()
    ids = population.populate(member, int(sys.argv[1]))
print(json.dumps({"key": member.key_text, "ids": ids}))
"""


@dataclass
class ClientObservations:
    """What clients saw: seconds of each answer, and what was wrong."""

    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.times, default=0.0)


def has_history(commit: str = EARLIER) -> bool:
    """A shallow clone, or a folder without git, has none."""
    command = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(command, cwd=BASE_DIR, capture_output=True).returncode == 0


def check_out(commit: str, folder: Path) -> Path:
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=BASE_DIR, stdout=-1, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


class Upgrade:
    """One installation, the code of two commits."""

    def __init__(self, rows: int):
        self.installation: Installation = start_installation_engines()
        self.old = check_out(EARLIER, self.installation.folder / "old")
        self.owner = {"DATABASE_URL": self.installation.env["DATABASE_OWNER_URL"]}
        self.migrate(self.old)
        told = json.loads(self.run(self.old, "-c", POPULATE, str(min(rows, COMPLETE_NUMBER_COUNT))))
        self.ids, self.headers = told["ids"], {"Authorization": f"Bearer {told['key']}"}
        multitude.insert_many_numbers(
            self.installation, rows - len(self.ids), more=(multitude.INSERT_OPERATIONS_SQL,)
        )
        self.fresh = iter(range(15_553_000_000, 15_554_000_000))

    def run(self, code: Path, *arguments: str) -> str:
        env = {**os.environ, **self.installation.env, **self.owner, "PYTHONPATH": str(code)}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=code, env=env, stdout=-1, text=True, check=True)
        return done.stdout

    def migrate(self, code: Path) -> float:
        """Seconds that migrations and rights took."""
        began = time.monotonic()
        self.run(code, "manage.py", "migrate", "--noinput", "--verbosity", "0")
        self.run(code, "manage.py", "grant_roles", "--verbosity", "0")
        return time.monotonic() - began

    def web(self, code: Path, name: str) -> str:
        """The base URL of a web, which runs until we end."""
        address = WebAddress("127.0.0.1", free_port())
        program = programs.build_web_program(
            {**self.installation.env, "PYTHONPATH": str(code)}, address
        )
        program = replace(program, name=name, popen={"cwd": code})
        process = self.installation.start(program)
        self.installation.wait(address.answers, process, name)
        return address.url

    def client(self, base: str) -> httpx.Client:
        return httpx.Client(base_url=base, headers=self.headers, timeout=60)

    @contextmanager
    def load(self, base: str) -> Iterator[ClientObservations]:
        """Two that read and one that writes, for as long as the block runs."""
        seen, stop = ClientObservations(), threading.Event()
        deeds = (self.read, self.read, self.write)
        threads = [
            threading.Thread(target=self.repeat, args=(base, deed, seen, stop)) for deed in deeds
        ]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def repeat(self, base: str, deed, seen: ClientObservations, stop: threading.Event) -> None:
        with self.client(base) as client:
            while not stop.is_set():
                began = time.monotonic()
                try:
                    wrong = deed(client)
                except httpx.HTTPError as error:
                    wrong = repr(error)
                seen.times.append(time.monotonic() - began)
                if wrong:
                    seen.wrong.append(wrong)
                time.sleep(0.01)

    def read(self, client: httpx.Client) -> str:
        path = random.choice([URL, f"{URL}/{random.choice(self.ids)}"])
        return describe_wrong_answer(client.get(path), 200)

    def write(self, client: httpx.Client) -> str:
        number = f"+{next(self.fresh)}"
        made = client.post(URL, json={"number": number})
        if made.status_code != 201:
            return describe_wrong_answer(made, 201)
        changed = client.patch(f"{URL}/{made.json()['id']}", json={"label": "Front desk"})
        return describe_wrong_answer(changed, 200)


def describe_wrong_answer(answer: httpx.Response, status: int) -> str:
    if answer.status_code == status:
        return ""
    return f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text[:300]}"


def measure_upgrade(rows: int, seconds: float) -> tuple[list[str], list[str]]:
    """What to print, and what was wrong."""
    upgrade = Upgrade(rows)
    old, new = upgrade.web(upgrade.old, "old web"), upgrade.web(BASE_DIR, "new web")
    wrong = check_unready_web(upgrade, new)
    with upgrade.load(old) as before:
        time.sleep(seconds)
    with upgrade.load(old) as during:
        took = upgrade.migrate(BASE_DIR)
        time.sleep(seconds)
    with upgrade.load(old) as beside, upgrade.load(new) as after:
        time.sleep(seconds)
    names = ("before", "during", "old web after", "new web after")
    seen = dict(zip(names, (before, during, beside, after), strict=True))
    lines = [f"{rows:,} numbers; migrations and rights took {took:.1f} s"] + [
        f"{name}: {len(each.times)} requests, {len(each.wrong)} wrong, the longest took"
        f" {each.longest:.2f} s"
        for name, each in seen.items()
    ]
    return lines, wrong + [text for each in seen.values() for text in each.wrong]


def check_unready_web(upgrade: Upgrade, base: str) -> list[str]:
    """The new web on the old schema answers 503 and adds nothing."""
    count = "SELECT count(*) FROM numbers_phonenumber"
    before = upgrade.installation.sql(count)
    with upgrade.client(base) as client:
        answers = [client.get(URL), client.post(URL, json={"number": f"+{next(upgrade.fresh)}"})]
    wrong = [describe_wrong_answer(answer, 503) for answer in answers]
    if upgrade.installation.sql(count) != before:
        wrong.append("the new web wrote to the old schema")
    return [text for text in wrong if text]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.upgrading", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="numbers (300000)")
    parser.add_argument("--seconds", type=float, default=5, help="of load before and after (5)")
    options = parser.parse_args()
    if not has_history():
        sys.exit(f"The history of git does not reach {EARLIER}: git fetch --unshallow")
    lines, wrong = measure_upgrade(options.rows, options.seconds)
    print("\n".join([*lines, *wrong[:20]]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
