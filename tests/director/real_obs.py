"""Runs a real OBS under Xvfb, in a folder of the test, and watches it as a second client."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from service import WebSocket

PASSWORD = "correct horse"
INSTALLED = shutil.which("obs") is not None and shutil.which("Xvfb") is not None


RTMP_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
HAS_RTMP = shutil.which("nginx") is not None and pathlib.Path(RTMP_MODULE).exists()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class RtmpServer:
    """nginx with its RTMP module, in a folder of the test."""

    def __init__(self, folder):
        self.port = free_port()
        folder.mkdir()
        self.arguments = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "conf")]
        (folder / "conf").write_text(f"""load_module {RTMP_MODULE};
daemon off;
master_process off;
pid {folder}/pid;
events {{}}
rtmp {{ server {{ listen 127.0.0.1:{self.port}; application live {{ live on; }} }} }}
""")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, stderr=subprocess.DEVNULL)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Display:
    """An X server without a screen."""

    def __init__(self):
        reader, writer = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "640x480x24", "-nolisten",
                                         "tcp"], pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as file:
            self.name = ":" + file.readline().strip()

    def close(self):
        self.process.terminate()
        self.process.wait()


class Obs:
    """OBS with one scene for each name, which is of one colour.

    `texts` names text sources of the first scene. `scripts` lists scripts as OBS saves them."""

    def __init__(self, home, display, scenes, password=PASSWORD, rtmp="rtmp://127.0.0.1:9/live", port=None, texts=(),
                 scripts=()):
        self.home, self.display, self.password = pathlib.Path(home), display, password
        self.port = port or free_port()
        self.process = None
        self.seed(scenes, rtmp, texts, scripts)
        self.start()

    def seed(self, scenes, rtmp, texts, scripts):
        folder = self.home / ".config/obs-studio"
        profile = folder / "basic/profiles/Station"
        profile.mkdir(parents=True)
        (folder / "basic/scenes").mkdir()
        (self.home / "run").mkdir(mode=0o700)
        (folder / "global.ini").write_text(f"""[General]
FirstRun=true
LastVersion=486539266
Pre19Defaults=false
Pre21Defaults=false
Pre23Defaults=false
Pre24.1Defaults=false
EnableAutoUpdates=false
ConfirmOnExit=false
Language=en-US

[Basic]
Profile=Station
ProfileDir=Station
SceneCollection=Station
SceneCollectionFile=Station

[BasicWindow]
PreviewEnabled=false
SysTrayEnabled=false
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false
RecordWhenStreaming=false

[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={self.port}
AlertsEnabled=false
AuthRequired={"true" if self.password else "false"}
ServerPassword={self.password or ""}
""")
        (profile / "basic.ini").write_text(f"""[General]
Name=Station

[Output]
Mode=Simple
Reconnect=true
RetryDelay=1
MaxRetries=20

[SimpleOutput]
FilePath={self.home}
VBitrate=300
ABitrate=64
StreamEncoder=x264
Preset=ultrafast

[Video]
BaseCX=320
BaseCY=180
OutputCX=320
OutputCY=180
FPSType=0
FPSCommon=25 PAL
""")
        (profile / "service.json").write_text(json.dumps(
            {"type": "rtmp_custom", "settings": {"server": rtmp, "key": "x", "use_auth": False, "bwtest": False}}))
        sources = []
        sources += [{"name": name, "id": "text_ft2_source", "versioned_id": "text_ft2_source_v2", "settings": {}}
                    for name in texts]
        for number, name in enumerate(scenes):
            colour = {"name": f"{name} colour", "id": "color_source", "versioned_id": "color_source_v3",
                      "settings": {"color": 0xff000000 + number * 0x0f0f0f % 0x1000000, "width": 320, "height": 180}}
            shown = [colour["name"], *(texts if number == 0 else ())]
            items = [{"name": source, "id": place, "visible": True, "locked": False, "pos": {"x": 0.0, "y": 0.0},
                      "scale": {"x": 1.0, "y": 1.0}, "rot": 0.0, "align": 5, "bounds_type": 0, "bounds_align": 0,
                      "bounds": {"x": 0.0, "y": 0.0}} for place, source in enumerate(shown, 1)]
            sources += [colour, {"name": name, "id": "scene", "versioned_id": "scene",
                                 "settings": {"id_counter": len(items), "custom_size": False, "items": items}}]
        (folder / "basic/scenes/Station.json").write_text(json.dumps(
            {"name": "Station", "current_scene": scenes[0], "current_program_scene": scenes[0],
             "scene_order": [{"name": name} for name in scenes], "sources": sources, "current_transition": "Cut",
             "transition_duration": 300, "transitions": [], "groups": [], "quick_transitions": [],
             "saved_projectors": [], "modules": {"scripts-tool": list(scripts)}}))

    def start(self):
        environment = os.environ | {
            "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_RUNTIME_DIR": str(self.home / "run"), "DISPLAY": self.display.name, "LIBGL_ALWAYS_SOFTWARE": "1",
            "QT_QPA_PLATFORM": "xcb"}
        self.process = subprocess.Popen(
            ["obs", "--multi", "--minimize-to-tray", "--collection", "Station", "--profile", "Station",
             "--disable-missing-files-check"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.home)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, "OBS does not start"
                time.sleep(0.05)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Watcher(WebSocket):
    """A second client of OBS: an operator, and a witness of the events."""

    def __init__(self, obs):
        super().__init__(obs.port, "/")
        hello = self.receive()["d"]
        identify = {"rpcVersion": 1, "eventSubscriptions": 4}
        if "authentication" in hello:
            given = hello["authentication"]
            identify["authentication"] = digest(digest(obs.password + given["salt"]) + given["challenge"])
        self.send({"op": 1, "d": identify})
        assert self.receive()["op"] == 2
        self.events = []  # (monotonic time, scene)
        self.requests = 0

    def take(self):
        """Receives one message. Returns it, and keeps the switches."""
        message = self.receive()
        if message["op"] == 5 and message["d"]["eventType"] == "CurrentProgramSceneChanged":
            self.events.append((time.time(), message["d"]["eventData"]["sceneName"]))
        return message

    def request(self, kind, **data):
        self.requests += 1
        self.send({"op": 6, "d": {"requestType": kind, "requestId": str(self.requests), "requestData": data}})
        while True:
            message = self.take()
            if message["op"] == 7 and message["d"]["requestId"] == str(self.requests):
                return message["d"].get("responseData", {})

    def program(self):
        return self.request("GetCurrentProgramScene")["currentProgramSceneName"]

    def wait_for(self, scene, seconds=10):
        deadline = time.monotonic() + seconds
        while self.program() != scene:
            assert time.monotonic() < deadline, f"OBS is on {self.program()}, not on {scene}"
            time.sleep(0.02)

    def witness(self, scene):
        """Waits until the last switch that OBS has reported is to this scene."""
        while not self.events or self.events[-1][1] != scene:
            self.take()
