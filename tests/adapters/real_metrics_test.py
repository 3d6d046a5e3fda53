#!/usr/bin/env python3
"""Lets a real Prometheus read the metrics of the adapter, and asks it for what it read.

    real_metrics_test.py METRICS

Skips with status 77 where Prometheus is not installed.
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

LONGEST = 60  # seconds


def fetch(address):
    with urllib.request.urlopen(address, timeout=5) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def queried(prometheus, expression):
    """The value that Prometheus has for the expression, or None."""
    try:
        answer = json.loads(fetch(f"{prometheus}api/v1/query?query={urllib.parse.quote(expression)}"))
    except OSError:
        return None
    result = answer["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def main():
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("skipped: Prometheus is not installed")
        sys.exit(77)
    ended = subprocess.run([sys.argv[1], "no-port"], capture_output=True, text=True)
    if (ended.returncode, ended.stderr) != (2, "metrics: expected at most PORT, 0 to 65535\n"):
        sys.exit(f"a bad port: {ended}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        metrics = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
        prometheus = None
        try:
            address = metrics.stdout.readline().split()[-1]
            page = fetch(address)
            said = re.search(r"^masterclock_time_uncertainty_seconds (\S+)$", page, re.MULTILINE)[1]
            if not re.fullmatch(r"\d+\.\d{9}|\+Inf", said) or said.startswith("9223372036"):
                sys.exit(f"the bound of the time is {said}")
            checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
            if checked.returncode != 0:
                sys.exit(f"promtool refuses the metrics:\n{checked.stdout}{checked.stderr}\n{page}")
            target = urllib.parse.urlparse(address).netloc
            (folder / "prometheus.yml").write_text(json.dumps({
                "global": {"scrape_interval": "200ms"},
                "scrape_configs": [{"job_name": "station", "static_configs": [{"targets": [target]}]}]}))
            port = free_port()
            prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"])
            deadline = time.monotonic() + LONGEST
            fired = None
            while time.monotonic() < deadline and not fired:
                fired = queried(f"http://127.0.0.1:{port}/", "masterclock_events_fired_total")
                time.sleep(0.1)
            up = queried(f"http://127.0.0.1:{port}/", "up")
            pending = queried(f"http://127.0.0.1:{port}/", "masterclock_events_pending")
            bound = queried(f"http://127.0.0.1:{port}/", "masterclock_time_uncertainty_seconds")
        finally:
            for process in (metrics, prometheus):
                if process:
                    process.terminate()
                    process.wait()
    if not fired or up != 1 or pending != 1 or bound is None or bound < 0:
        sys.exit(f"Prometheus has up {up}, fired {fired}, pending {pending}, bound {bound}")
    if metrics.returncode != 0:
        sys.exit(f"the adapter ended with {metrics.returncode}")
    print("Prometheus reads the metrics")


if __name__ == "__main__":
    main()
