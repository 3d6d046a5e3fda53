#!/usr/bin/env python3
"""Reads what the watchdog adapter tells a service manager.

    real_watchdog_test.py WATCHDOG

The test is the service manager: it binds the socket that systemd would bind.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time


def feeds(program, folder):
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        limit = 0.4  # seconds; it is fed every 0.2 s
        service = subprocess.Popen([program], env={**os.environ, "NOTIFY_SOCKET": str(path),
                                                   "WATCHDOG_USEC": str(int(limit * 1e6))})
        heard, fed = [], 0
        began = time.monotonic()
        try:
            while fed < 6:
                message = manager.recv(4096).decode()
                heard.append(message)
                fed += message == "WATCHDOG=1"
            took = time.monotonic() - began
            service.send_signal(signal.SIGTERM)
            while heard[-1] != "STOPPING=1":
                heard.append(manager.recv(4096).decode())
        finally:
            service.kill() if service.poll() is None and heard[-1:] != ["STOPPING=1"] else None
            status = service.wait(30)
    if heard.count("READY=1") != 1 or status != 0:
        sys.exit(f"the service ended with {status}, and said {heard}")
    if not any(re.fullmatch(r"STATUS=\d+ events fired, \d+ of them late", said) for said in heard):
        sys.exit(f"no status line: {heard}")
    if took < 0.9:  # six feedings are at least five intervals apart
        sys.exit(f"six feedings took {took:.2f} s")


def runs_without_a_manager(program):
    environment = {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    service = subprocess.Popen([program], env=environment, stderr=subprocess.PIPE, text=True)
    said = service.stderr.readline()
    service.terminate()
    if service.wait(30) != 0 or said != "watchdog: no service manager watches this program\n":
        sys.exit(f"without a manager: {said}")


def main():
    program, = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        feeds(program, pathlib.Path(name))
        runs_without_a_manager(program)
    print("the watchdog is fed")


if __name__ == "__main__":
    main()
