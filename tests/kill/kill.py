#!/usr/bin/env python3
"""Kills the example `place_order` with `kill -9` at random moments until it ends, and checks what it did.

    cargo build --release --example place_order
    python3 tests/kill/kill.py                     # or --binary PATH, --seed N, --kills N, --keep FOLDER

First the job runs undisturbed. Then it runs again on a fresh database, is killed again and again, and each time started
again with the same command. The ledger, written outside of the database, must then show:

- no effect lost: every execution has the steps of the undisturbed run, in the same order;
- no effect repeated, except those in flight at a kill: a key occurs again only as the next line of its execution, with a
  later attempt, and with a recorded kill between the two;
- what the workflow made once and saved (`payment_key`) is the same on every attempt.

The results of both runs must be equal byte by byte, and one more run must do nothing. Exit code 0: all of this held.
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Far more than a run needs; a job that hangs is a failure, not a timeout of CI.
RUN_SECONDS_MAX = 120
# An undisturbed run, and the killed one together with what each kill costs.
TOTAL_SECONDS_MAX = 600


class Broken(Exception):
    """A promise that did not hold."""


class Job:
    """The example in a folder of its own."""

    def __init__(self, binary, folder, args):
        folder.mkdir(parents=True)
        self.ledger = folder / "ledger.jsonl"
        self.results = folder / "results.jsonl"
        self.db = folder / "orders.db"
        self.errors = folder / "stderr.txt"
        self.command = [
            str(binary), "--db", str(self.db), "--ledger", str(self.ledger), "--results", str(self.results), "--json",
            "--step-ms", str(args.step_ms), "--concurrency", str(args.concurrency),
        ]  # fmt: skip

    def start(self):
        with self.errors.open("ab") as errors:
            return subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=errors)

    def run(self):
        """Runs to its end, and gives the summary."""
        process = self.start()
        try:
            out, _ = process.communicate(timeout=RUN_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Broken(f"a run did not end within {RUN_SECONDS_MAX} s") from None
        return self.summary(process.returncode, out)

    def run_and_kill(self, delay):
        """Runs until it ends or `delay` is over. `None`: it was killed."""
        process = self.start()
        try:
            out, _ = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            if process.returncode == -signal.SIGKILL:
                return None
        return self.summary(process.returncode, out)

    def summary(self, code, out):
        if code != 0:
            last = self.errors.read_text(errors="replace").strip().splitlines()[-3:]
            raise Broken(f"the job ended with exit code {code}: {' / '.join(last)}")
        return json.loads(out)

    def whole_lines(self):
        """Lines in the ledger now. Half a line at its end does not count: the next run cuts it off."""
        return self.ledger.read_bytes().count(b"\n") if self.ledger.exists() else 0


def read_ledger(path):
    """Of each execution, its effects in order: (line number, entry)."""
    effects = defaultdict(list)
    with path.open() as ledger:
        for number, line in enumerate(ledger):
            try:
                entry = json.loads(line)
                effects[entry["execution"]].append((number, entry))
                entry["step"], entry["key"], entry["attempt"]
            except (ValueError, KeyError, TypeError) as error:
                raise Broken(f"line {number + 1} of the ledger is no entry: {line.strip()!r} ({error})") from None
    return effects


def check_repeats(effects, kills):
    """No effect is repeated, except those in flight at a kill. Gives the number of those."""
    repeats = 0
    for execution, entries in effects.items():
        last_of = {}
        for position, (number, entry) in enumerate(entries):
            where = f"{execution}, step {entry['step']}, line {number + 1} of the ledger"
            if entry["key"] in last_of:
                repeats += 1
                before = last_of[entry["key"]]
                first_number, first = entries[before]
                if before != position - 1:
                    raise Broken(f"{where}: an effect was repeated after a later one had happened")
                if first["step"] != entry["step"]:
                    raise Broken(f"{where}: it has the key of step {first['step']}")
                if entry["attempt"] <= first["attempt"]:
                    raise Broken(f"{where}: attempt {entry['attempt']} after attempt {first['attempt']}")
                if not any(first_number < kill <= number for kill in kills):
                    raise Broken(f"{where}: an effect was repeated (first in line {first_number + 1}), and no kill lies between")
            last_of[entry["key"]] = position
        payment_keys = {entry["payment_key"] for _, entry in entries if "payment_key" in entry}
        if len(payment_keys) > 1:
            raise Broken(f"{execution}: a saved `let` had {len(payment_keys)} values: {sorted(payment_keys)}")
    return repeats


def steps_of(effects):
    """The steps of each execution, in order, each once."""
    steps = {}
    for execution, entries in effects.items():
        first_of_key = {}
        for _, entry in entries:
            first_of_key.setdefault(entry["key"], entry["step"])
        steps[execution] = list(first_of_key.values())
    return steps


def check_same_steps(expected, found):
    for execution in sorted(expected.keys() | found.keys()):
        want, have = expected.get(execution, []), found.get(execution, [])
        if want != have:
            raise Broken(f"{execution}: its effects are {have}, and those of the undisturbed run {want}")


def check_same_results(expected, found):
    for want, have in zip(expected.read_text().splitlines(), found.read_text().splitlines()):
        if want != have:
            raise Broken(f"a result differs:\n  undisturbed {want}\n  killed      {have}")
    if expected.read_bytes() != found.read_bytes():
        raise Broken("the results differ in length")


def check_database(path):
    with sqlite3.connect(path) as db:
        answer = db.execute("PRAGMA integrity_check").fetchone()[0]
    if answer != "ok":
        raise Broken(f"the database is damaged: {answer}")


def check(args, folder):
    rng = random.Random(args.seed)
    quiet = Job(args.binary, folder / "undisturbed", args)
    began = time.monotonic()
    expected = quiet.run()
    seconds = time.monotonic() - began
    effects = read_ledger(quiet.ledger)
    check_repeats(effects, [])
    expected_steps = steps_of(effects)
    print(f"undisturbed: {expected['executions']} executions, {sum(map(len, expected_steps.values()))} effects, {seconds:.1f} s")

    # So that the job cannot end before it was killed often enough, however fast the machine is.
    delay_max = 1.4 * seconds / args.kills
    job = Job(args.binary, folder / "killed", args)
    kills = []
    began = time.monotonic()
    while True:
        summary = job.run_and_kill(rng.uniform(0, delay_max))
        if summary is not None:
            break
        kills.append(job.whole_lines())
        if time.monotonic() - began > TOTAL_SECONDS_MAX:
            raise Broken(f"after {len(kills)} kills in {TOTAL_SECONDS_MAX} s the job has not ended")
    print(f"killed: {len(kills)} kills within {delay_max:.2f} s of each start, {time.monotonic() - began:.1f} s")

    effects = read_ledger(job.ledger)
    repeats = check_repeats(effects, kills)
    check_same_steps(expected_steps, steps_of(effects))
    check_same_results(quiet.results, job.results)
    check_database(job.db)
    for name in ("executions", "succeeded", "failed"):
        if summary[name] != expected[name]:
            raise Broken(f"{name}: {summary[name]}, and {expected[name]} undisturbed")
    if len(kills) < args.kills:
        raise Broken(f"only {len(kills)} kills: {args.kills} are wanted")

    before = job.ledger.read_bytes(), job.results.read_bytes()
    job.run()
    if (job.ledger.read_bytes(), job.results.read_bytes()) != before:
        raise Broken("a run after the end did something again")
    return len(kills), repeats, sum(map(len, expected_steps.values()))


def main():
    parser = argparse.ArgumentParser(description="Kills `place_order` at random moments, and checks that nothing is lost.")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/examples/place_order")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; random unless given")
    parser.add_argument("--kills", type=int, default=30, help="at least so many (30)")
    parser.add_argument("--step-ms", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--keep", type=Path, help="a new folder to work in and to leave behind")
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(1_000_000)
    if not args.binary.exists():
        sys.exit(f"{args.binary} is not there: run `cargo build --release --example place_order` first")
    folder = args.keep or Path(tempfile.mkdtemp(prefix="durable-kill-"))
    print(f"seed {args.seed}, folder {folder}", flush=True)
    try:
        kills, repeats, effects = check(args, folder)
    except Broken as broken:
        print(f"FAILED: {broken}\n  again: {Path(__file__).name} --seed {args.seed}; the files are in {folder}")
        sys.exit(1)
    if not args.keep:
        shutil.rmtree(folder)
    print(f"PASSED: {kills} kills; {effects} effects, none lost; {repeats} repeated, each in flight at a kill; results equal")


if __name__ == "__main__":
    main()
