"""The supervisor's child processes: watching, restarting, and stopping them in order."""

import contextlib
import math
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable

from config.supervisor import SupervisorError
from config.supervisor.processes import Program, kill_process_group, spawn_program

POLL_INTERVAL = 0.05  # seconds between two checks of the children
MAX_EXITS, EXIT_WINDOW = 5, 60  # exits within so many seconds, after which the supervisor gives up
MIN_RESTART_DELAY, MAX_RESTART_DELAY = 0.5, 8.0  # seconds before a restart


class ShutdownRequested(Exception):
    """The user or the system has requested the shutdown."""


def print_output_line(name: str, line: str) -> None:
    """Prints a line of a child or of the supervisor. A closed terminal must not prevent the
    shutdown, so errors are ignored."""
    with contextlib.suppress(OSError):
        print(f"{name:<10} | {line}" if name else line, flush=True)


class ChildProcess:
    """One program that should be running."""

    def __init__(self, program: Program):
        self.program = program
        self.deaths: deque[float] = deque(maxlen=MAX_EXITS)
        self.start()

    def start(self) -> None:
        self.restart_at: float | None = None
        self.rest = b""
        self.process = spawn_program(self.program, subprocess.PIPE)
        self.output = self.process.stdout
        os.set_blocking(self.output.fileno(), False)

    def read(self) -> bool:
        """Prints the available lines. Returns False at the end of the output."""
        try:
            data = os.read(self.output.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._pass_on(line)
        return data != b""

    def _pass_on(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        noise = self.program.noise
        if text and not (noise and noise.search(text)):
            self.say(text)

    def say(self, line: str) -> None:
        print_output_line(self.program.name, line)

    def gone(self) -> bool:
        return self.process.poll() is not None

    def bury(self) -> None:
        """Cleans up after a dead child and prints its last lines."""
        kill_process_group(self.process)
        self.read()  # once, for all that a pipe holds; another process may still have its other end
        if self.rest:
            self._pass_on(self.rest)
        self.output.close()

    def plan_restart(self) -> None:
        """Schedules the restart with growing delays. Raises SupervisorError after too many
        exits."""
        now = time.monotonic()
        self.deaths.append(now)
        recent = sum(1 for death in self.deaths if now - death < EXIT_WINDOW)
        pause = min(MAX_RESTART_DELAY, MIN_RESTART_DELAY * 2 ** (recent - 1))
        self.restart_at = now + pause
        self.say(f"ended with {_exit_status_text(self.process.returncode)}")
        if recent == MAX_EXITS:
            raise SupervisorError(
                f"{self.program.name} ended {MAX_EXITS} times within a minute; see above."
            )
        self.say(f"starts again in {pause:g} s")


def _exit_status_text(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class ChildProcesses:
    """All running children, their output, and the request to stop."""

    def __init__(self) -> None:
        self.children: dict[str, ChildProcess] = {}
        self.selector = selectors.DefaultSelector()
        self.interrupts = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)

    def _interrupt(self, *_) -> None:
        self.interrupts += 1

    def start(self, program: Program) -> None:
        """Starts a child and keeps it running."""
        child = self.children[program.name] = ChildProcess(program)
        self._listen(child)

    def until(self, condition: Callable[[], bool], *, patience: float, refusal: str) -> None:
        """Supervises the children until the condition holds. Raises ShutdownRequested on Ctrl-C,
        and SupervisorError after `patience` seconds."""
        deadline = time.monotonic() + patience
        while not condition():
            if self.interrupts:
                raise ShutdownRequested
            if time.monotonic() > deadline:
                raise SupervisorError(refusal)
            self._pass_on_output()
            self._restart()

    def tend(self) -> None:
        """Supervises the children until the shutdown is requested."""
        self.until(lambda: False, patience=math.inf, refusal="")

    def run(self, program: Program, *, patience: float, refusal: str) -> None:
        """Runs a program to its end. Its output is printed only if it fails."""
        with tempfile.TemporaryFile() as output:
            process = spawn_program(program, output)
            try:
                self.until(lambda: process.poll() is not None, patience=patience, refusal=refusal)
            finally:
                kill_process_group(process)
            if process.returncode:
                output.seek(0)
                print_output_line("", output.read().decode(errors="replace"))
                raise SupervisorError(refusal)

    def stop(self, names: Iterable[str]) -> None:
        """Requests these children to stop and waits for them. Another Ctrl-C ends the waiting."""
        children = [self.children.pop(name) for name in names if name in self.children]
        alive = [child for child in children if child.restart_at is None]
        for child in alive:
            if not child.gone():
                child.process.send_signal(child.program.stop)
        self._wait(alive)
        for child in alive:
            self._bury(child)

    def _wait(self, children: list[ChildProcess]) -> None:
        started, interrupts = time.monotonic(), self.interrupts
        while waiting := [child for child in children if not child.gone()]:
            self._pass_on_output()
            for child in waiting:
                if time.monotonic() - started > child.program.grace or self.interrupts > interrupts:
                    child.say("did not stop in time: killed")
                    kill_process_group(child.process)

    def _pass_on_output(self) -> None:
        for key, _ in self.selector.select(POLL_INTERVAL):
            if not key.data.read():
                self.selector.unregister(key.fileobj)

    def _restart(self) -> None:
        for child in self.children.values():
            if child.restart_at is None and child.gone():
                self._bury(child)
                child.plan_restart()
            elif child.restart_at and time.monotonic() >= child.restart_at:
                child.start()
                self._listen(child)

    def _listen(self, child: ChildProcess) -> None:
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def _bury(self, child: ChildProcess) -> None:
        with contextlib.suppress(KeyError):  # at the end of its output it has been unregistered
            self.selector.unregister(child.output)
        child.bury()
