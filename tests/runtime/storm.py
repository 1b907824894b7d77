#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""storm.py RUNTIME STATE BUNDLE PREFIX COUNT: COUNT containers are created, started, killed and deleted, 32 at a time, while
the runtime itself is often killed with SIGKILL in the middle of a call.

`list` is asked without pause. What a container is between two calls is known, so each answer is compared with that: a
container goes on to its next call only after two answers have told the truth about it. Prints one line of figures; the
first thing that is not true ends everything, with what it was on standard error.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

RUNTIME, STATE, BUNDLE, PREFIX = sys.argv[1:5]
COUNT = int(sys.argv[5])
WORKERS = 32
KILLED_OF_100 = 30
DEADLINE = 60


class Storm:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lock = threading.Condition()
        self.status = {}  # id: created, running, stopped, absent; None while a call is under way
        self.changes = {}  # id: how often that was set
        self.told = {}  # id: answers of `list` that were right since then
        self.todo = [f"{PREFIX}{number}" for number in range(COUNT)]
        self.took = {}  # verb: how long it takes, about; a kill falls into that time
        self.killed, self.lists, self.failure = {}, 0, None

    def fail(self, text):
        with self.lock:
            self.failure = self.failure or text
            self.lock.notify_all()
        raise SystemExit(1)

    def settle(self, name, status):
        with self.lock:
            self.status[name] = status
            self.changes[name] = self.changes.get(name, 0) + 1
            self.told[name] = 0

    def settle_and_see(self, name, status):
        """The container is at rest: wait until `list` has said so twice."""
        self.settle(name, status)
        with self.lock:
            seen = self.lock.wait_for(lambda: self.failure or self.told[name] >= 2, DEADLINE)
        if self.failure:
            raise SystemExit(1)
        if not seen:
            self.fail(f"{name}: list was not heard of it in {DEADLINE} s")

    def call(self, *words, lethal=False):
        """The exit status, the output, what it said; a status of -9 if it was killed here."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen([RUNTIME, "--root", STATE, *words], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=errors)
            began = time.monotonic()
            if lethal and self.random.randrange(100) < KILLED_OF_100:
                if self.random.randrange(2):  # the other half at once: kill is over in less than the shortest sleep
                    time.sleep(self.random.uniform(0, self.took.get(words[0], 0)))
                process.kill()
            try:
                status = process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                self.fail(f"{words}: no end in {DEADLINE} s")
            if status == -9:
                with self.lock:
                    self.killed[words[0]] = self.killed.get(words[0], 0) + 1
            else:
                self.took[words[0]] = 0.8 * self.took.get(words[0], 0.01) + 0.2 * (time.monotonic() - began)
            output.seek(0)
            errors.seek(0)
            return status, output.read().decode(), errors.read().decode()

    def must(self, *words):
        status, output, errors = self.call(*words)
        if status:
            self.fail(f"{words}: status {status}: {errors}")
        return output

    def status_of(self, name):
        return json.loads(self.must("state", name))["status"]

    def attempt(self, *words):
        """True if it was done, false if it was killed; anything else is a failure."""
        status, _, errors = self.call(*words, lethal=True)
        if status not in (0, -9):
            self.fail(f"{words}: status {status}: {errors}")
        return status == 0

    def repeat(self, status, *words):
        """Until it is done. A call that was killed may have had its effect, now or in a moment: then the next one is refused
        and the container has come to this status."""
        if self.attempt(*words):
            return
        while True:
            code, _, errors = self.call(*words, lethal=True)
            if code == 0:
                return
            if code != -9 and self.status_of(words[1]) != status:
                self.fail(f"{words}, after one that was killed: status {code}: {errors}")
            if code != -9:
                return

    def life(self, name):
        while not self.attempt("create", "--bundle", BUNDLE, name):
            self.must("delete", "--force", name)
            self.settle_and_see(name, "absent")
            self.settle(name, None)
        self.settle_and_see(name, "created")
        self.settle(name, None)
        self.repeat("running", "start", name)
        self.settle_and_see(name, "running")
        self.settle(name, None)
        self.repeat("stopped", "kill", name, "KILL")
        self.await_stop(name)
        self.settle_and_see(name, "stopped")
        self.settle(name, None)
        if not self.attempt("delete", name):
            self.must("delete", "--force", name)
        self.settle_and_see(name, "absent")

    def await_stop(self, name):
        until = time.monotonic() + DEADLINE
        while self.status_of(name) != "stopped":
            if time.monotonic() > until:
                self.fail(f"{name}: killed, and not stopped in {DEADLINE} s")

    def work(self):
        while not self.failure:
            with self.lock:
                if not self.todo:
                    return
                name = self.todo.pop()
            try:
                self.life(name)
            except SystemExit:
                return
            except Exception as error:  # a thread that ends badly must not let the storm pass
                with self.lock:
                    self.failure = self.failure or f"{name}: {error!r}"
                    self.lock.notify_all()

    def compare(self, before, rows):
        for name, status in self.status.items():
            if status is None or before.get(name) != self.changes[name]:
                continue
            row = rows.get(name)
            is_now = row["status"] if row else "absent"
            if is_now != status:
                return f"{name} is {status}, list says {is_now}"
            if status in ("created", "running") and not os.path.exists(f"/proc/{row['pid']}"):
                return f"{name}: list names a process {row['pid']} that is not there"
            self.told[name] += 1
        return None

    def ask(self, workers):
        while not self.failure and any(worker.is_alive() for worker in workers):
            with self.lock:
                before = dict(self.changes)
            rows = {row["id"]: row for row in json.loads(self.must("list", "--format", "json")) or []}
            with self.lock:
                wrong = self.compare(before, rows)
                self.lists += 1
                self.lock.notify_all()
            if wrong:
                self.fail(wrong)


def main():
    seed = int(os.environ.get("STORM_SEED", time.time_ns() % 1000000))
    storm = Storm(seed)
    workers = [threading.Thread(target=storm.work, daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        storm.ask(workers)
    except SystemExit:
        pass
    if storm.failure or storm.todo:
        raise SystemExit(f"storm, STORM_SEED={seed}: {storm.failure}")
    print(json.dumps({"containers": COUNT, "lists": storm.lists, "killed": storm.killed}))


if __name__ == "__main__":
    main()
