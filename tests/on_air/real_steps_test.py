#!/usr/bin/env python3
"""Runs a guide with `on_air run --discipline kernel` while libfaketime sets the clock an hour back and two
forward: the log never goes backward, and each programme is logged as aired once, or counted as skipped.

    real_steps_test.py ON_AIR

Exits 77, which ctest calls skipped, where libfaketime is not installed or the program does not run under it.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib64"]
LONGEST = 120  # seconds


def find_faketime():
    """The path of libfaketime, or None."""
    found = [f"{folder}/faketime/libfaketimeMT.so.1" for folder in FOLDERS]
    return next((path for path in found if os.path.exists(path)), None)


def wait_until(condition):
    """Whether `condition` came to hold."""
    for _ in range(LONGEST * 10):
        if condition():
            return True
        time.sleep(0.1)
    return False


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    on_air = os.path.abspath(sys.argv[1])
    library = find_faketime()
    if library is None:
        print("skipped: libfaketime is not here: apt-get install faketime")
        return 77
    with tempfile.TemporaryDirectory(prefix="on_air.") as folder:
        folder = pathlib.Path(folder)
        offset, log, errors = folder / "offset", folder / "log", folder / "errors"

        def set_clock(text):
            (folder / "next").write_text(text + "\n")
            os.replace(folder / "next", offset)

        set_clock("+0")
        environment = {**os.environ, "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(offset),
                       "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        if subprocess.run([on_air, "--help"], env=environment, capture_output=True).returncode != 0:
            print("skipped: the program does not run under libfaketime")
            return 77

        # A programme every second: for two hours to come, and for the hour that the clock is set back.
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        at = lambda second: now + datetime.timedelta(seconds=second)
        stamp = lambda second: at(second).strftime("%Y%m%d%H%M%S +0000")
        (folder / "guide.xml").write_text('<tv><channel id="one"/>' + "".join(
            f'<programme channel="one" start="{stamp(n)}" stop="{stamp(n + 1)}"><title>{n}</title></programme>'
            for n in range(-4_000, 7_000)) + "</tv>")
        last = 6_900
        command = [on_air, "run", "--guide", folder / "guide.xml", "--as-run", log, "--discipline", "kernel",
                   "--to", at(last + 1).strftime("%Y-%m-%dT%H:%M:%SZ")]
        with open(errors, "w") as stderr:
            run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            lines = lambda: log.read_text().splitlines() if log.exists() else []
            started = wait_until(lambda: lines() or run.poll() is not None)
            set_clock("-3600")
            # Without a known time the clock waits and reports it; where the kernel knows the time, it goes on.
            time.sleep(2.5)
            set_clock("+7200")
            status = run.wait(LONGEST)
        finally:
            run.kill()
            run.wait()
        said = errors.read_text()
        entries = [json.loads(line) for line in lines()]
    failures = [] if started and status == 0 else [f"exit status {status}"]
    def index(text):
        """The number of the programme that is planned for this instant."""
        return round((datetime.datetime.fromisoformat(text[:19] + "+00:00") - now).total_seconds())

    seen, aired = [], 0
    for entry in entries:
        first = index(entry["planned_start"])
        if entry.get("aired", True):
            seen.append(int(entry["title"]))
            aired += 1
        else:
            seen += range(first, index(entry["last_planned_start"]) + 1)
            if len(range(first, index(entry["last_planned_start"]) + 1)) != entry["skipped"]:
                failures.append(f"counts {entry['skipped']} in {entry}")
    if not seen or seen != list(range(seen[0], last + 1)):
        wrong = [(a, b) for a, b in zip(seen, seen[1:]) if b != a + 1]
        failures.append(f"not each programme once, in order: {seen[:1]} to {seen[-1:]}, {wrong[:5]}")
    if seen and seen[0] < 0:
        failures.append(f"programme {seen[0]} had begun before the run")
    if aired > 60:
        failures.append(f"{aired} programmes of a second were aired within seconds")
    starts = [entry["real_start"] for entry in entries]
    backward = [(a, b) for a, b in zip(starts, starts[1:]) if b[:19] < a[:19]]
    if backward:
        failures.append(f"the log goes backward: {backward[:5]}")
    if "the clock was set forward by" not in said:
        failures.append("the step forward was not reported")
    for line in said.splitlines():
        if not line.startswith(("on_air: the clock ", "on_air: the time is ")):
            failures.append(f"said {line!r}")
    print("\n".join(failures) or f"{len(entries)} programme starts, in order; it said:\n{said}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
