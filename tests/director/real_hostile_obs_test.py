#!/usr/bin/env python3
"""Connects `director serve` to servers that are no OBS: they cost no more than their connection.

    real_hostile_obs_test.py DIRECTOR
"""

import base64
import hashlib
import json
import os
import pathlib
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest

from service import Service, rundown

PROGRAM = sys.argv[1]
MEGABYTES = 1024
EVENT = json.dumps({"op": 5, "d": {"eventType": "Noise", "eventIntent": 1, "eventData": {"text": "x" * 500}}})


def frame(text):
    data = text.encode()
    return b"\x81" + (bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))) + data


def upgrade(connection):
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    key = [line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")][0]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")


def identify(connection):
    upgrade(connection)
    connection.sendall(frame('{"op": 0, "d": {"rpcVersion": 1}}'))
    connection.recv(4096)
    connection.sendall(frame('{"op": 2, "d": {"negotiatedRpcVersion": 1}}'))


def silent(connection):
    connection.recv(1)
    time.sleep(60)


def no_hello(connection):
    upgrade(connection)
    time.sleep(60)


def no_answers(connection):
    identify(connection)
    time.sleep(60)


def garbage(connection):
    upgrade(connection)
    while True:
        connection.sendall(os.urandom(4096))


def huge_frame(connection):
    upgrade(connection)
    connection.sendall(b"\x81\x7f" + struct.pack(">Q", 2**40))
    while True:
        connection.sendall(b"x" * 65_536)


def endless_message(connection):
    upgrade(connection)
    connection.sendall(b"\x01\x7d" + b"x" * 125)
    while True:
        connection.sendall((b"\x00\x7d" + b"x" * 125) * 100)


def flood(connection):
    identify(connection)
    while True:
        connection.sendall(frame(EVENT) * 50)


class Server:
    def __init__(self, behave):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.behave = behave
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                self.behave(connection)
            except (OSError, IndexError):
                pass


class RealHostileObs(unittest.TestCase):
    def test_each_costs_no_more_than_its_connection(self):
        for behave in (silent, no_hello, no_answers, garbage, huge_frame, endless_message, flood):
            with self.subTest(behave.__name__), tempfile.TemporaryDirectory() as directory:
                server = Server(behave)
                file = pathlib.Path(directory, "show.json")
                file.write_text(json.dumps(rundown(("A", 100), ("B", 100), looping=True)))
                with Service(PROGRAM, "--rundown", str(file), "--obs", f"ws://127.0.0.1:{server.port}") as service:
                    service.command("Start")
                    begin = None
                    end = time.monotonic() + 4
                    while time.monotonic() < end:
                        state = service.get()
                        at = state["server_utc_ns"] - state["position_ns"] - state["cycle"] * 200_000_000
                        begin = begin or at
                        self.assertLess(abs(at - begin), 1_000_000)
                        self.assertNotEqual(state["mixer"]["state"], "connected")
                        time.sleep(0.1)
                    self.assertGreaterEqual(server.connections, 1)
                    status = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
                    memory = int(status.split("VmHWM:")[1].split()[0]) // MEGABYTES
                    self.assertLess(memory, 150, "megabytes")
                    begin = time.monotonic()
                    self.assertEqual(service.terminate()[0], 0)
                    self.assertLess(time.monotonic() - begin, 10)
                server.listener.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
