#!/usr/bin/env python3
"""event_store as its user meets it: what it prints, one line for what is wrong, and the exit status.

    real_cli_test.py EVENT_STORE
"""

import os
import pathlib
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
    told = f"{name}: exit {result.returncode}\n{result.stdout}{result.stderr}"
    assert result.returncode == status, told
    assert result.stdout == out, told
    if error is None:
        assert result.stderr == "", told
    else:
        assert result.stderr.startswith("event_store: ") and error in result.stderr, told
        assert result.stderr.count("\n") == 1, told


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
         "2026-03-29T00:00:12Z\t2026-03-29T00:00:10Z\tnews\tscene\tstudio2\tfired, 2 s late\n"
         "2026-03-29T01:30:00Z\t2026-03-29T01:30:00Z\topening\tshow\t\tfired\n"
         "2026-03-30T00:30:00Z\t2026-03-30T00:30:00Z\topening\tshow\t\tfired\n"),
        ("list --db day.db",
         "2026-03-31T00:30:00Z\topening\tshow\t\t2026-03-31T01:30:00[Europe/Dublin]\tevery day\n"),
        ("cancel --db day.db opening", ""),
        ("run --db day.db --speed 1000", ""),
        (f"add --db real.db past scene {DUE}", ""),
    ]:
        check(arguments, call(arguments, folder), 0, out, None)
    # On the real clock: due long ago, it fires at once, and --until is past.
    process = subprocess.Popen([program, "run", "--db", "real.db"], cwd=folder, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert "\t2026-03-29T00:00:10Z\tpast\tscene\t\n" in line, line
    # Another process adds to a file that is being run.
    check("add to a run", call(f"add --db real.db more scene {DUE}", folder), 0, "", None)
    assert "\tmore\t" in process.stdout.readline()
    process.terminate()
    process.wait()
    # --speed: 0.3 s of schedule at 2 seconds a second.
    for second in ("10.0", "10.3"):
        check("add", call(f"add --db paced.db at{second} scene --due 2026-03-29T00:00:{second}Z", folder), 0, "", None)
    paced = call("run --db paced.db --speed 2", folder)
    assert [line.split("\t")[2] for line in paced.stdout.splitlines()] == ["at10.0", "at10.3"], paced.stdout


def bad(folder):
    call(f"add --db day.db news scene {DUE}", folder)
    pathlib.Path(folder, "text.db").write_text("a text and no database\n" * 100)
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
        (f"add --db day.db film scene {DUE} --every 0", 2, "'0'"),
        (f"add --db day.db film scene {DUE} --misfire all", 2, "--every"),
        (f"add --db day.db film scene {DUE} --max-late -1", 2, "'-1'"),
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
        ("list --db other.db", 1, "other.db: is a database of something else"),
        ("run --db locked.db --speed max", 1, "locked.db: database is locked, at 'BEGIN IMMEDIATE'"),
    ]:
        check(arguments, call(arguments, folder), status, "", error)
    assert not pathlib.Path(folder, "none.db").exists()
    # Root may write to every file: as root this is tried as somebody else.
    os.chmod(folder, 0o755)
    os.chmod(f"{folder}/day.db", 0o444)
    somebody = {"user": 65534} if os.geteuid() == 0 else {}
    copy = shutil.copy(program, folder)  # where somebody else may run it
    check("read-only", call("run --db day.db --speed max", folder, copy, **somebody), 1, "", "day.db: is read-only")


def full(folder):
    """Where the disk is full that stdout is on."""
    def call_full(arguments):
        with open("/dev/full", "w") as out:
            return subprocess.run([program, *arguments.split()], cwd=folder, stdout=out, stderr=subprocess.PIPE,
                                  text=True, timeout=60)

    for name in ("a", "b"):
        call(f"add --db day.db {name} scene {DUE}", folder)
    for arguments, error in [
        ("list --db day.db", "event_store: the list could not be written\n"),
        ("run --db day.db --speed max", "event_store: stdout cannot be written\n"),
        ("list --db day.db --fired", "event_store: the list could not be written\n"),
    ]:
        result = call_full(arguments)
        assert (result.returncode, result.stderr) == (1, error), (arguments, result)
    fired = call("list --db day.db --fired", folder).stdout.splitlines()
    assert fired and all(line.endswith("\tfailed: stdout cannot be written") for line in fired), fired
    # On the real clock it ends by itself, although nothing says until when.
    call(f"add --db real.db a scene {DUE}", folder)
    result = call_full("run --db real.db")
    assert (result.returncode, result.stderr) == (1, "event_store: stdout cannot be written\n"), result


for part in (good, bad, full):
    with tempfile.TemporaryDirectory() as folder:
        part(folder)
