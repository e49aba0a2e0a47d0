"""Bare psycopg: the same statements without Patchbay, on some connections in some processes."""

import json
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import cycle
from typing import Any

import psycopg

from config import BASE_DIR

Statement = tuple[str, tuple[Any, ...] | None]
Job = list[Statement]  # run one after the other


def run_sql_load(
    url: str, jobs: list[Job], seconds: float, *, processes: int, threads: int, atomic: bool = False
) -> float:
    """Jobs per second, over and over for some seconds; or each once, where `seconds` is 0.

    `atomic`: a job is one transaction; else its statements say themselves when one begins.
    """
    if seconds and len(jobs) < processes * threads:
        jobs = jobs * processes * threads  # so that everybody has some
    started = [
        start_load_process(url, jobs[n::processes], seconds, threads, atomic)
        for n in range(processes)
    ]
    results = [read_process_result(process) for process in started]
    # Every process tells when it began and ended: starting them is no part of the work.
    began, ended = min(r["began"] for r in results), max(r["ended"] for r in results)
    return sum(r["count"] for r in results) / (ended - began)


def start_load_process(url: str, jobs: list[Job], seconds: float, threads: int, atomic: bool):
    command = [sys.executable, "-m", __name__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=BASE_DIR, **pipes)
    process.stdin.write(pickle.dumps((url, jobs, seconds, threads, atomic)))
    process.stdin.close()
    process.stdin = None
    return process


def read_process_result(process: subprocess.Popen) -> dict:
    output = process.communicate()[0]
    if process.returncode:
        raise SystemExit("Bare psycopg failed; see above.")
    return json.loads(output)


def run_connection_share(
    connection: psycopg.Connection, jobs: list[Job], deadline: float, atomic: bool
) -> int:
    """One connection's share."""
    for count, job in enumerate(cycle(jobs) if deadline else jobs):
        if deadline and time.time() > deadline:
            return count
        with connection.transaction() if atomic else nullcontext():
            execute_job(connection, job)
    return len(jobs)


def execute_job(connection: psycopg.Connection, job: Job) -> None:
    for statement, values in job:
        cursor = connection.execute(statement, values)
        if cursor.description:
            cursor.fetchall()


def main(url: str, jobs: list[Job], seconds: float, threads: int, atomic: bool) -> dict:
    connections = [psycopg.connect(url, autocommit=True) for _ in range(threads)]
    began = time.time()
    deadline = began + seconds if seconds else 0
    with ThreadPoolExecutor(threads) as pool:
        shares = [
            pool.submit(run_connection_share, connection, jobs[n::threads], deadline, atomic)
            for n, connection in enumerate(connections)
        ]
        count = sum(share.result() for share in shares)
    return {"count": count, "began": began, "ended": time.time()}


if __name__ == "__main__":
    print(json.dumps(main(*pickle.load(sys.stdin.buffer))))
