"""A server that speaks as much of obs-websocket 5 as the director needs, and records its switches."""

import base64
import hashlib
import json
import socket
import struct
import threading


class StandInObs:
    """OBS without a password, on a free port. It takes any number of clients."""

    def __init__(self, scenes):
        self.scenes, self.program = scenes, scenes[0]
        self.lock = threading.Lock()
        self.clients, self.requests = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        self.listener.close()

    def switches(self):
        """The scenes of all requests to switch, in order."""
        with self.lock:
            return list(self.requests)

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        file = connection.makefile("rb")
        try:
            key = b""
            while line := file.readline().strip():
                if line.lower().startswith(b"sec-websocket-key"):
                    key = line.split(b": ")[1]
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            self.send(connection, 0, {"rpcVersion": 1})
            while (message := self.receive(connection, file)) is not None:
                if message["op"] == 1:
                    self.send(connection, 2, {"negotiatedRpcVersion": 1})
                    with self.lock:
                        self.clients.append(connection)
                else:
                    self.answer(connection, message["d"])
        except (OSError, ValueError, IndexError):
            pass
        with self.lock:
            if connection in self.clients:
                self.clients.remove(connection)
        connection.close()

    def receive(self, connection, file):
        while True:
            kind, size = file.read(2)
            size &= 127
            if size == 126:
                size, = struct.unpack(">H", file.read(2))
            mask = file.read(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(file.read(size)))
            if kind & 15 == 8:
                return None
            if kind & 15 == 9:
                connection.sendall(bytes([0x8a, len(data)]) + data)
            if kind & 15 == 1:
                return json.loads(data)

    def send(self, connection, op, data):
        text = json.dumps({"op": op, "d": data}).encode()
        size = bytes([len(text)]) if len(text) < 126 else b"\x7e" + struct.pack(">H", len(text))
        connection.sendall(b"\x81" + size + text)

    def answer(self, connection, request):
        kind, data = request["requestType"], {}
        with self.lock:
            if kind == "GetSceneList":
                data = {"currentProgramSceneName": self.program,
                        "scenes": [{"sceneName": name} for name in self.scenes]}
            elif kind == "SetCurrentProgramScene":
                scene = request["requestData"]["sceneName"]
                self.requests.append(scene)
                if scene != self.program:
                    self.program = scene
                    for client in self.clients:
                        self.send(client, 5, {"eventType": "CurrentProgramSceneChanged", "eventIntent": 4,
                                              "eventData": {"sceneName": scene}})
            self.send(connection, 7, {"requestType": kind, "requestId": request["requestId"],
                                      "requestStatus": {"result": True, "code": 100}, "responseData": data})
