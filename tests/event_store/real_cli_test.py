#!/usr/bin/env python3
"""Runs event_store as its user does: its output, one line for each error, and the exit status.

    real_cli_test.py EVENT_STORE
"""

import os
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])
DUE = "--due 2026-03-29T00:00:10Z"


def call(arguments, folder, binary=program, **options):
    return subprocess.run([binary, *arguments.split()], cwd=folder, capture_output=True, text=True,
                          timeout=60, **options)


def check(name, result, status, out, error):
    report = f"{name}: exit {result.returncode}\n{result.stdout}{result.stderr}"
    assert result.returncode == status, report
    assert result.stdout == out, report
    if error is None:
        assert result.stderr == "", report
    else:
        assert result.stderr.startswith("event_store: ") and error in result.stderr, report
        assert result.stderr.count("\n") == 1, report


def good(folder):
    for arguments, out in [
        (f"add --db day.db news scene studio2 {DUE}", ""),
        ("add --db day.db opening show --local 2026-03-29T01:30:00 --zone Europe/Dublin --daily", ""),
        ("add --db day.db gone show --due 2026-03-29T00:00:05Z", ""),
        ("cancel --db day.db gone", ""),
        ("list --db day.db",
         "2026-03-29T00:00:10Z\tnews\tscene\tstudio2\n"
         "2026-03-29T01:30:00Z\topening\tshow\t\t2026-03-29T01:30:00[Europe/Dublin]\tevery day\n"),
        ("run --db day.db --speed max --until 2026-03-29T00:00:10Z", ""),
        ("run --db day.db --speed max --from 2026-03-29T00:00:12Z --until 2026-03-30T12:00:00Z",
         "2026-03-29T00:00:12Z\t2026-03-29T00:00:10Z\tnews\tscene\tstudio2\n"
         "2026-03-29T01:30:00Z\t2026-03-29T01:30:00Z\topening\tshow\t\n"
         "2026-03-30T00:30:00Z\t2026-03-30T00:30:00Z\topening\tshow\t\n"),
        ("list --db day.db --fired",
         "2026-03-29T00:00:12Z\t2026-03-29T00:00:10Z\tnews\tscene\tstudio2\tfired, 2s late\n"
         "2026-03-29T01:30:00Z\t2026-03-29T01:30:00Z\topening\tshow\t\tfired\n"
         "2026-03-30T00:30:00Z\t2026-03-30T00:30:00Z\topening\tshow\t\tfired\n"),
        ("list --db day.db",
         "2026-03-31T00:30:00Z\topening\tshow\t\t2026-03-31T01:30:00[Europe/Dublin]\tevery day\n"),
        ("cancel --db day.db opening", ""),
        ("run --db day.db --speed 1000", ""),
        # A weekly job keeps its wall time in the week when the clocks change; an interval is elapsed time.
        ("add --db week.db weekly show --local 2026-03-23T06:00 --zone Europe/Dublin --days mon,THU", ""),
        ("add --db week.db often show --local 2026-03-29T00:30 --zone Europe/Dublin --every 30m", ""),
        ("list --db week.db",
         "2026-03-23T06:00:00Z\tweekly\tshow\t\t2026-03-23T06:00:00[Europe/Dublin]\tMon,Thu\n"
         "2026-03-29T00:30:00Z\toften\tshow\t\t2026-03-29T00:30:00[Europe/Dublin]\tevery 30m\n"),
        ("run --db week.db --speed max --until 2026-03-29T01:30:00Z",
         "2026-03-23T06:00:00Z\t2026-03-23T06:00:00Z\tweekly\tshow\t\n"
         "2026-03-26T06:00:00Z\t2026-03-26T06:00:00Z\tweekly\tshow\t\n"
         "2026-03-29T00:30:00Z\t2026-03-29T00:30:00Z\toften\tshow\t\n"
         "2026-03-29T01:00:00Z\t2026-03-29T01:00:00Z\toften\tshow\t\n"),
        ("list --db week.db",
         "2026-03-29T01:30:00Z\toften\tshow\t\tevery 30m\n"
         "2026-03-30T05:00:00Z\tweekly\tshow\t\t2026-03-30T06:00:00[Europe/Dublin]\tMon,Thu\n"),
        (f"add --db real.db past scene {DUE}", ""),
    ]:
        check(arguments, call(arguments, folder), 0, out, None)
    # On the real clock an event that was due long ago fires at once.
    process = subprocess.Popen([program, "run", "--db", "real.db"], cwd=folder, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert "\t2026-03-29T00:00:10Z\tpast\tscene\t\n" in line, line
    # Another process adds to a file that is being run.
    check("add to a run", call(f"add --db real.db more scene {DUE}", folder), 0, "", None)
    assert "\tmore\t" in process.stdout.readline()
    process.terminate()
    process.wait()
    # With --speed 2, 0.3 s of schedule take 0.15 s.
    for second in ("10.0", "10.3"):
        check("add", call(f"add --db paced.db at{second} scene --due 2026-03-29T00:00:{second}Z", folder), 0, "", None)
    paced = call("run --db paced.db --speed 2", folder)
    assert [line.split("\t")[2] for line in paced.stdout.splitlines()] == ["at10.0", "at10.3"], paced.stdout


def bad(folder):
    call(f"add --db day.db news scene {DUE}", folder)
    pathlib.Path(folder, "text.db").write_text("text, no database\n" * 100)
    pathlib.Path(folder, "folder.db").mkdir()
    shutil.copy(f"{folder}/day.db", f"{folder}/cut.db")
    whole = pathlib.Path(folder, "cut.db").read_bytes()
    pathlib.Path(folder, "cut.db").write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    other = sqlite3.connect(f"{folder}/other.db")
    other.execute("CREATE TABLE t (a)")
    other.commit()
    locked = sqlite3.connect(f"{folder}/locked.db", isolation_level=None)
    call(f"add --db locked.db news scene {DUE}", folder)
    locked.execute("BEGIN IMMEDIATE")
    for arguments, status, error in [
        ("", 2, "subcommand"),
        ("list", 2, "--db is required"),
        ("add --db day.db film scene", 2, "--due"),
        ("add --db day.db film scene --due noon", 2, "'noon'"),
        (f"add --db day.db film scene {DUE} --local 2026-03-29T06:00:00", 2, "--local"),
        (f"add --db day.db film scene {DUE} --zone Europe/Dublin", 2, "--local"),
        ("add --db day.db film scene --local 06:00", 2, "'06:00'"),
        ("add --db day.db film scene --local 2026-03-29T06:00:00 --resolve maybe", 2, "'maybe'"),
        (f"add --db day.db film scene {DUE} --every 0s", 2, "'0s': expected 1ns or more"),
        (f"add --db day.db film scene {DUE} --every 86400", 2, "'86400'"),
        (f"add --db day.db film scene {DUE} --daily", 2, "--local"),
        (f"add --db day.db film scene {DUE} --days mon", 2, "--local"),
        ("add --db day.db film scene --local 2026-03-29T06:00 --days mon,someday", 2, "'someday'"),
        ("add --db day.db film scene --local 2026-03-29T06:00 --days mon --every 1h", 2, "--every"),
        (f"add --db day.db film scene {DUE} --misfire all", 2, "--every"),
        (f"add --db day.db film scene {DUE} --max-late -1s", 2, "'-1s': expected 0s or more"),
        ("run --db day.db --speed fast", 2, "'fast'"),
        ("run --db day.db --from 2026-03-29T00:00:00Z", 2, "--speed"),
        ("run --db day.db --speed max --from 2026-03-29T00:00:00Z --until 2026-03-29T00:00:00Z", 2, "--until"),
        (f"add --db day.db news scene {DUE}", 1, "day.db: event 'news' is already pending"),
        ("add --db day.db film scene --local 2026-03-29T06:00:00 --zone Mars/Base", 1, "'Mars/Base'"),
        ("add --db day.db film scene --local 2026-03-29T01:30:00 --zone Europe/Dublin --resolve reject", 1,
         "does not exist in Europe/Dublin"),
        ("cancel --db day.db film", 1, "no event 'film' is pending"),
        ("list --db none.db", 1, "none.db: unable to open database file: No such file or directory"),
        ("run --db none.db", 1, "none.db: unable to open database file: No such file or directory"),
        (f"add --db none/day.db news scene {DUE}", 1, "none/day.db: unable to open database file"),
        ("list --db text.db", 1, "text.db: file is not a database"),
        ("list --db cut.db", 1, "cut.db: database disk image is malformed"),
        ("run --db cut.db --speed max", 1, "cut.db: database disk image is malformed"),
        ("list --db folder.db", 1, "folder.db: unable to open database file"),
        ("list --db other.db", 1, "other.db: is a database of another program"),
        ("run --db locked.db --speed max", 1, "locked.db: database is locked, at 'BEGIN IMMEDIATE'"),
    ]:
        check(arguments, call(arguments, folder), status, "", error)
    assert not pathlib.Path(folder, "none.db").exists()
    # Root may write to every file, so root runs this as another user.
    os.chmod(folder, 0o755)
    os.chmod(f"{folder}/day.db", 0o444)
    other_user = {"user": 65534} if os.geteuid() == 0 else {}
    copy = shutil.copy(program, folder)  # which the other user may run
    check("read-only", call("run --db day.db --speed max", folder, copy, **other_user), 1, "", "day.db: is read-only")


def event(folder, database, name):
    check("add", call(f"add --db {database} {name} scene {DUE}", folder), 0, "", None)


def unwritable(folder):
    """Issue 19: a stdout that cannot be written. No event is lost, and the exit status is 1."""
    def call_full(arguments):
        with open("/dev/full", "w") as out:
            return subprocess.run([program, *arguments.split()], cwd=folder, stdout=out, stderr=subprocess.PIPE,
                                  text=True, timeout=60)

    def call_closed(arguments):
        return subprocess.run(f"exec {program} {arguments} >&-", shell=True, cwd=folder, stderr=subprocess.PIPE,
                              text=True, timeout=60)

    def call_read_only(arguments):
        with open("/dev/null") as out:
            return subprocess.run([program, *arguments.split()], cwd=folder, stdout=out, stderr=subprocess.PIPE,
                                  text=True, timeout=60)

    def call_broken_pipe(arguments):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            return subprocess.run([program, *arguments.split()], cwd=folder, stdout=writing, stderr=subprocess.PIPE,
                                  text=True, timeout=60)
        finally:
            os.close(writing)

    def call_lost_terminal(arguments):
        terminal, out = os.openpty()
        os.close(terminal)
        try:
            return subprocess.run([program, *arguments.split()], cwd=folder, stdout=out, stderr=subprocess.PIPE,
                                  text=True, timeout=60)
        finally:
            os.close(out)

    for name in ("a", "b"):
        event(folder, "day.db", name)
    pending = call("list --db day.db", folder).stdout
    assert pending.count("\n") == 2
    for caller, why in [(call_full, "No space left on device"), (call_closed, "Bad file descriptor"),
                        (call_read_only, "Bad file descriptor"), (call_broken_pipe, "Broken pipe"),
                        (call_lost_terminal, "Input/output error")]:
        for arguments in ("run --db day.db --speed max", "run --db day.db", "list --db day.db"):
            if caller is call_broken_pipe and arguments.startswith("list"):
                continue  # SIGPIPE ends it, as it ends every filter
            result = caller(arguments)
            expected = (1, f"event_store: stdout cannot be written: {why}\n")
            assert (result.returncode, result.stderr) == expected, (caller, arguments, result)
            assert call("list --db day.db", folder).stdout == pending, (caller, arguments)
            assert call("list --db day.db --fired", folder).stdout == "", (caller, arguments)
    # A file that has reached the limit of its size. The database is smaller.
    limit = 1 << 20
    with open(f"{folder}/full.txt", "wb") as out:
        out.write(b"x" * limit)
        out.flush()
        result = subprocess.run([program, "run", "--db", "day.db", "--speed", "max"], cwd=folder, stdout=out,
                                stderr=subprocess.PIPE, text=True, timeout=60,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert (result.returncode, result.stderr) == (1, "event_store: stdout cannot be written: File too large\n"), result
    assert call("list --db day.db", folder).stdout == pending
    ran = call("run --db day.db --speed max", folder)
    assert [line.split("\t")[2] for line in ran.stdout.splitlines()] == ["a", "b"], ran
    # A reader that takes one line, and leaves: the second event is pending, and each was printed once.
    for name in ("c", "d", "e"):
        event(folder, "head.db", name)
    process = subprocess.Popen([program, "run", "--db", "head.db", "--speed", "1", "--from", "2026-03-29T00:00:09.9Z"],
                               cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
    process.stdout.close()
    assert process.wait(timeout=60) == 1 and "Broken pipe" in process.stderr.read()
    process.stderr.close()
    left = [line.split("\t")[1] for line in call("list --db head.db", folder).stdout.splitlines()]
    assert left == ["c", "d", "e"], left


def slow_reader(folder):
    """Issue 20: a reader of stdout that does not read. Other processes add, list, cancel and fire."""
    long_payload = "x" * 100_000  # more than a pipe holds
    for name in ("first", "second"):
        subprocess.run([program, "add", "--db", "day.db", name, "scene", long_payload, *DUE.split()], cwd=folder,
                       check=True)
    process = subprocess.Popen([program, "run", "--db", "day.db"], cwd=folder, stdout=subprocess.PIPE)
    lister = subprocess.Popen([program, "list", "--db", "day.db"], cwd=folder, stdout=subprocess.PIPE)
    process.stdout.read(1)  # it prints the first event now, and waits
    lister.stdout.read(1)
    event(folder, "day.db", "third")
    event(folder, "day.db", "fourth")
    check("cancel", call("cancel --db day.db fourth", folder), 0, "", None)
    check("the event that fires", call("cancel --db day.db first", folder), 1, "", "no event 'first' is pending")
    names = [line.split("\t")[1] for line in call("list --db day.db", folder).stdout.splitlines()]
    assert names == ["first", "second", "third"], names
    assert call("list --db day.db --fired", folder).stdout == ""
    lines = [process.stdout.readline() for _ in range(3)]
    assert [line.split(b"\t")[2] for line in lines] == [b"first", b"second", b"third"], lines
    process.terminate()
    process.wait()
    lister.communicate()
    assert lister.returncode == 0


def foreign_text(folder):
    """Issue 22: escape sequences of an input do not reach the terminal."""
    evil = "\x1b]0;mine\x07\u009b31m\u202e\ttab\nline"
    add = subprocess.run([program, "add", "--db", "day.db", evil, evil, evil, *DUE.split()], cwd=folder,
                         capture_output=True, text=True)
    assert add.returncode == 0, add
    add = subprocess.run([program, "add", "--db", "day.db", evil, evil, evil, *DUE.split()], cwd=folder,
                         capture_output=True, text=True)
    results = [add]
    for arguments in ("list --db day.db", "run --db day.db --speed max", "list --db day.db --fired"):
        results.append(call(arguments, folder))
        assert results[-1].stdout.count("\n") == 1, results
    results.append(subprocess.run([program, "list", "--db", evil], cwd=folder, capture_output=True, text=True))
    results.append(subprocess.run([program, evil], cwd=folder, capture_output=True, text=True))
    for result in results:
        for text in (result.stdout.replace("\t", ""), result.stderr):
            assert not any(c < " " and c != "\n" or c in "\x7f\u009b\u202e" for c in text), result
        assert result.stderr.count("\n") <= 1, result


for part in (good, bad, unwritable, slow_reader, foreign_text):
    with tempfile.TemporaryDirectory() as folder:
        part(folder)
