#!/usr/bin/env python3
"""Runs the poller with a real redis-server: every key, channel and command, and a server that dies or freezes.

    real_redis_test.py POLLER
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from real_station import Client, Poller, Redis, Responses, wait_for

program = os.path.abspath(sys.argv[1])
if Redis.missing():
    print("skipped: redis-server is not installed")
    sys.exit(77)


def sh(script, **fields):
    return {"command": ["/bin/sh", "-c", script], **fields}


def start(folder, services, *arguments, **options):
    return Poller(program, folder, services if "services" in services else {"services": services}, "--redis",
                  os.path.join(folder, "redis.sock"), *arguments, **options)


def request(client, action, request_id, **params):
    client.call("PUBLISH", "cmd:orchestrator", json.dumps(
        {"action": action, "request_id": request_id, "params": params, "timestamp": time.time()}))


def seeds_without_overwriting(folder, redis):
    client = redis.client()
    client.call("SET", "config:weather", '{"location":"old"}')
    poller = start(folder, {"services": {"source-weather": sh("exit 0", interval=300)},
                            "redis": {"display": {"rotation": 180}}},
                   env={"WEATHER_LOCATION": "new", "PIHOLE_HOST": "10.0.0.2", "SCHEDULE_WEATHER": "200"})
    assert client.json("config:weather") == {"location": "old"}
    assert client.json("config:pihole") == {"host": "10.0.0.2", "password": None}
    assert client.json("config:display") == {"rotation": 180, "scroll_speed": None, "icon_duration": None}
    assert client.json("config:schedule") == {"weather": 200}
    poller.wait("ended", "source-weather")
    state = wait_for(lambda: (client.json("status:orchestrator") or {}).get("poll_count") == 1 and
                     client.json("status:orchestrator"), "status:orchestrator")
    assert list(state) == ["source_id", "last_poll", "last_success", "last_error", "poll_count", "error_count"], state
    assert abs(state["last_success"] - time.time()) < 60 and state["last_error"] is None, state
    assert client.call("TTL", "status:orchestrator") > 60
    assert poller.stop() == 0
    # The schedule of Redis has precedence over that of the file.
    client.call("SET", "config:schedule", '{"weather": 0.2}')
    poller = start(folder, {"source-weather": sh("exit 0", interval=300), "source-b": sh("exit 0", interval=1)})
    poller.wait("started", "source-weather", 3)
    assert not poller.of("started", "source-b")
    assert poller.stop() == 0
    client.call("SET", "config:schedule", '{"weather": 0}')
    poller = start(folder, {"source-weather": sh("exit 0", interval=300)}, ready=False)
    assert poller.process.wait(timeout=60) == 1
    poller.stop()
    assert poller.messages == ["poller: config:schedule: weather: the interval 0 is not positive"], poller.messages


def answers_every_command(folder, redis):
    client, responses = redis.client(), Responses(redis.path, "cmd:orchestrator:response:*")
    stops = Responses(redis.path, "cmd:network_camera")
    scan = f"redis-cli -s {redis.path} set scan:co2 '[{{\"name\":\"hall\",\"mac\":\"AA\",\"rssi\":-60}}]'"
    discover = (f"redis-cli -s {redis.path} set scan:network_camera "
                "'{\"cameras\":[{\"name\":\"door\",\"host\":\"10.0.0.9\",\"port\":554}]}'")
    poller = start(folder, {
        "source-weather": sh("echo $$ >>pids; sleep 0.3", interval=300),
        "source-aranet4": sh(f"[ \"$MODE\" = scan ] && {scan}"),
        "source-camera": sh(f"if [ \"$MODE\" = discover ]; then {discover}; else exec sleep 3600; fi",
                            time_limit=None),
        "web-gateway": sh("echo up >>gateway; exec sleep 3600", time_limit=None)})
    poller.wait("ended", "source-weather")
    request(client, "trigger", "r1", service="weather")
    assert responses.wait("r1") == {"request_id": "r1", "status": "ok", "data": {"service": "source-weather"},
                                    "error": None}
    request(client, "trigger", "r2", service="source-weather")
    assert responses.wait("r2") == {"request_id": "r2", "status": "error", "data": None,
                                    "error": "service 'source-weather' is running"}
    request(client, "scan_aranet4", "r3")
    assert responses.wait("r3")["data"] == {"devices": [{"name": "hall", "mac": "AA", "rssi": -60}]}
    request(client, "discover_cameras", "r4")
    assert responses.wait("r4")["data"] == {"cameras": [{"name": "door", "host": "10.0.0.9", "port": 554}]}
    request(client, "start_camera", "r5")
    assert responses.wait("r5")["status"] == "ok"
    poller.wait("started", "source-camera", 2)
    request(client, "stop_camera", "r6")
    assert responses.wait("r6")["data"] == {}
    assert wait_for(lambda: stops.messages, "cmd:network_camera")[0][1] == {"action": "stop"}
    for number in ("r7", "r8"):
        request(client, "restart_service", number, service="web-gateway")
        assert responses.wait(number)["status"] == "ok"
    wait_for(lambda: pathlib.Path(folder, "gateway").read_text() == "up\nup\n", "two starts")
    for number, action, service, error in [("e1", "fly", "", "unknown action 'fly'; known are start_camera"),
                                           ("e2", "trigger", "none", "unknown service 'none'"),
                                           ("e3", "trigger", "../weather", "it contains '..'"),
                                           ("e4", "trigger", "-x", "it begins with '-'"),
                                           ("e5", "trigger", "a\nb", "it contains a control character"),
                                           ("e6", "restart_service", "a/b", "it contains '/'")]:
        request(client, action, number, service=service)
        response = responses.wait(number)
        assert response["status"] == "error" and error in response["error"], response
    client.call("PUBLISH", "cmd:orchestrator", "{")
    poller.wait_message("cmd:orchestrator: not JSON: '{'")
    # A request that arrives twice is answered once.
    request(client, "trigger", "r1", service="weather")
    # The stream of the camera ends: the camera stops 2 s later.
    client.call("PUBLISH", "config:changed", '{"section": "camera", "timestamp": 1}')
    poller.wait_message("the camera runs on with its old configuration")
    begin = time.monotonic()
    client.call("PUBLISH", "stream:ended", '{"source_id": "network_camera", "reason": "no signal", "timestamp": 1}')
    poller.wait_message("the camera's stream has ended: no signal")
    poller.wait("ended", "source-camera", 2)
    assert 1.9 < time.monotonic() - begin < 10
    state = wait_for(lambda: client.json("status:network_camera"), "status:network_camera")
    assert state["source_id"] == "network_camera" and state["status"] == "stopped", state
    assert 0 < client.call("TTL", "status:network_camera") <= 120
    assert len(responses.to("r1")) == 1
    request(client, "restart_service", "r9", service="source-camera")
    assert responses.wait("r9")["status"] == "ok"
    poller.process.terminate()
    poller.wait_message("stopping")
    assert poller.stop() == 1  # the gateway and the camera run until they are ended


def answers_a_scan_that_ends_after_sigterm(folder, redis):
    client, responses = redis.client(), Responses(redis.path, "cmd:orchestrator:response:*")
    client.call("SET", "scan:co2", "[]")
    scan = sh("until test -e go; do sleep 0.05; done")
    poller = start(folder, {"source-aranet4": scan})
    request(client, "scan_aranet4", "r1")
    poller.wait("started", "source-aranet4")
    poller.process.terminate()
    poller.wait_message("stopping")
    pathlib.Path(folder, "go").touch()
    assert responses.wait("r1")["data"] == {"devices": []}
    assert poller.stop() == 0
    # A server that does not answer delays the end by one second.
    pathlib.Path(folder, "go").unlink()
    poller = start(folder, {"source-aranet4": scan})
    request(client, "scan_aranet4", "r2")
    poller.wait("started", "source-aranet4")
    redis.freeze()
    poller.process.terminate()
    poller.wait_message("stopping")
    pathlib.Path(folder, "go").touch()
    end = poller.wait("ended", "source-aranet4")[0]["at"]
    assert poller.stop() == 0
    assert time.monotonic() - end < 10


def starts_once_for_a_hundred_triggers(folder, redis):
    client, responses = redis.client(), Responses(redis.path, "cmd:orchestrator:response:*")
    poller = start(folder, {"source-a": sh("echo run >>runs; sleep 1")})
    for i in range(100):
        client.send("PUBLISH", "cmd:orchestrator", json.dumps(
            {"action": "trigger", "request_id": f"t{i}", "params": {"service": "a"}}))
    for _ in range(100):
        client.read()
    wait_for(lambda: len(responses.messages) == 100, "100 responses")
    assert [message["status"] for _, message in responses.messages].count("ok") == 1
    poller.wait("ended", "source-a")
    assert poller.stop() == 0
    assert pathlib.Path(folder, "runs").read_text() == "run\n"


def reloads_its_schedule(folder, redis):
    client = redis.client()
    poller = start(folder, {"source-a": sh("exit 0", interval=3600), "source-b": {**sh("exit 0")}})
    poller.wait("ended", "source-a")
    client.call("SET", "config:schedule", '{"a": 3600, "b": 3600}')
    begin = time.monotonic()
    client.call("PUBLISH", "config:changed", '{"section": "schedule", "timestamp": 1}')
    delay = poller.wait("started", "source-b")[0]["at"] - begin
    print(f"hot reload after {delay * 1000:.1f} ms")
    assert delay < 0.1, delay
    for text, error in [("oops", "config:schedule: not JSON: 'oops'"),
                        ('{"a": -1}', "config:schedule: a: the interval -1 is not positive"),
                        ('{"c": 5}', "config:schedule: unknown service 'c'"),
                        ('{"../a": 5}', "it contains '..'")]:
        client.call("SET", "config:schedule", text)
        client.call("PUBLISH", "config:changed", '{"section": "schedule"}')
        poller.wait_message(error)
    for text in ("{", "[]"):
        client.call("PUBLISH", "config:changed", text)
        poller.wait_message(f"config:changed: expected a JSON object, not '{text}'")
    client.call("PUBLISH", "config:changed", '{"section": "weather"}')
    client.call("PUBLISH", "config:changed", '{"section": "auth"}')
    poller.wait_message("auth changed; restart web-gateway")
    assert len(poller.of("started", "source-b")) == 1
    assert poller.stop() == 0


def seeds_again_at_sighup(folder, redis):
    client = redis.client()
    config = {"services": {"source-a": sh("exit 0", interval=3600)}, "redis": {"weather": {"location": "Cork"}}}
    poller = start(folder, config)
    config["redis"] = {"weather": {"location": "Bray"}, "pihole": {"host": "h"}}
    poller.config.write_text(json.dumps(config))
    poller.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: client.json("config:pihole"), "a new seed") == {"host": "h", "password": None}
    assert client.json("config:weather") == {"location": "Cork"}
    client.call("FLUSHALL")
    redis.kill()
    poller.wait_message("is lost")
    redis.start()
    poller.wait_message("is back")
    assert redis.client().json("config:weather") == {"location": "Bray"}
    assert poller.stop() == 0


def uses_docker_compose(folder, redis):
    """A stand-in for docker writes down its arguments."""
    stand_in = pathlib.Path(folder, "docker")
    stand_in.write_text('#!/bin/sh\nprintf "%s|" "$COMPOSE_PROJECT_NAME" "$@" >>arguments\necho >>arguments\n')
    stand_in.chmod(0o755)
    client, responses = redis.client(), Responses(redis.path, "cmd:orchestrator:response:*")
    client.call("SET", "scan:co2", "[]")
    poller = start(folder, {"defaults": {"kind": "compose", "env": {"CITY": "Cork"}}, "restart_web_gateway": True,
                            "services": {"source-weather": 3600, "source-aranet4": {}, "source-camera": {},
                                         "web-gateway": {}}},
                   env={"PATH": f"{folder}:{os.environ['PATH']}", "COMPOSE_PROJECT_NAME": "station"})
    poller.wait("ended", "source-weather")
    for action, number in [("scan_aranet4", "1"), ("start_camera", "2")]:
        request(client, action, number)
        assert responses.wait(number)["status"] == "ok", responses.wait(number)
    client.call("PUBLISH", "config:changed", '{"section": "auth"}')
    poller.wait_message("auth changed; web-gateway restarts")
    client.call("PUBLISH", "stream:ended", '{"source_id": "network_camera"}')
    lines = wait_for(lambda: len(text := pathlib.Path(folder, "arguments").read_text().splitlines()) == 6 and text,
                     "six commands")
    assert sorted(lines) == sorted([
        "station|compose|--profile|poll|run|--rm|-e|CITY=Cork|source-weather|",
        "station|compose|--profile|poll|run|--rm|-e|CITY=Cork|-e|MODE=scan|source-aranet4|",
        "station|compose|--profile|camera|up|-d|source-camera|",
        "station|compose|--profile|camera|stop|web-gateway|",
        "station|compose|--profile|camera|up|-d|web-gateway|",
        "station|compose|--profile|camera|stop|source-camera|"]), lines
    assert poller.stop() == 0


def reports_overdue_sources(folder, redis):
    client = redis.client()
    client.call("SET", "status:old", json.dumps({"source_id": "old", "last_success": time.time() - 1000}))
    client.call("SET", "status:new", json.dumps({"source_id": "new", "last_success": time.time()}))
    poller = start(folder, {name: sh("exit 0", interval=300) for name in ("source-old", "source-new", "source-none")})
    event = poller.wait("overdue", "source-old")[0]
    assert event["status"] == "overdue", event
    poller.wait_message("source-old: is overdue")
    assert not poller.of("overdue", "source-new") and not poller.of("overdue", "source-none")
    assert poller.stop() == 0


def reports_overdue_sources_without_the_server(folder, redis):
    poller = start(folder, {"source-good": sh("exit 0", interval=0.3), "source-bad": sh("test ! -e stop", interval=0.3)})
    poller.wait("ended", "source-bad")
    redis.kill()
    poller.wait_message("is lost")
    pathlib.Path(folder, "stop").touch()
    assert poller.wait("overdue", "source-bad")[0]["status"] == "overdue"
    redis.start()
    poller.wait_message("is back")
    runs = len(poller.of("ended", "source-bad"))
    poller.wait("ended", "source-bad", runs + 5)
    assert len(poller.of("overdue", "source-bad")) == 1 and not poller.of("overdue", "source-good"), poller.events
    assert poller.stop() == 0


def on_the_grid(events, interval):
    """No start is lost or doubled: each start is one interval after the one before, or counts what it merged."""
    due = [float(event["due_utc"][14:16]) * 60 + float(event["due_utc"][17:-1]) for event in events]
    for before, after, event in zip(due, due[1:], events[1:]):
        assert abs((after - before) % 3600 - interval * (1 + event["missed"])) < 1e-4, events


def survives_a_server_that_dies_and_freezes(folder, redis):
    responses = Responses(redis.path, "cmd:orchestrator:response:*")
    poller = start(folder, {"source-a": sh("exit 0", interval=0.2), "source-b": sh("exit 0")})
    answered = []
    for turn in range(10):
        redis.kill()
        poller.wait_message("is lost")
        wait_for(lambda: len([line for line in poller.messages if "is lost" in line]) == turn + 1, "one warning")
        if turn == 4:  # the schedule changes while the poller is not connected
            redis.start()
            redis.client().call("SET", "config:schedule", '{"a": 0.2, "b": 3600}')
        else:
            redis.start()
        wait_for(lambda: len([line for line in poller.messages if "is back" in line]) == turn + 1, "back")
        responses = Responses(redis.path, "cmd:orchestrator:response:*")
        number = f"k{turn}"
        request(redis.client(), "trigger", number, service="b")
        answered.append(responses.wait(number))
    # The fifth turn made source-b due at once. A trigger in that moment was refused.
    starts = 1 + [one["status"] for one in answered].count("ok")
    assert len(poller.wait("started", "source-b", starts)) == starts, answered  # a response may overtake its event
    # A server that is frozen for ten seconds answers each command once.
    client = redis.client()
    warned = len([line for line in poller.messages if "is lost" in line])
    before = len(poller.of("started", "source-a"))
    redis.freeze()
    for i in range(5):
        client.send("PUBLISH", "cmd:orchestrator", json.dumps(
            {"action": "trigger", "request_id": f"f{i}", "params": {"service": "b"}}))
    time.sleep(10)
    during = len(poller.of("started", "source-a")) - before
    assert during >= 30, f"{during} runs while the server was frozen"
    redis.thaw()
    for i in range(5):
        responses.wait(f"f{i}")
    wait_for(lambda: len([line for line in poller.messages if "is back" in line]) == warned + 1, "back")
    time.sleep(1)
    assert [len(responses.to(f"f{i}")) for i in range(5)] == [1] * 5, responses.messages
    assert len([line for line in poller.messages if "is lost" in line]) == warned + 1, poller.messages
    on_the_grid(poller.of("started", "source-a"), 0.2)
    assert poller.stop() == 0


def acts_on_what_changed_while_the_server_was_lost(folder, redis):
    client = redis.client()
    client.call("SET", "config:auth", "old")
    client.call("SET", "config:camera", "old")
    poller = start(folder, {"services": {"source-camera": sh("exec sleep 3600", time_limit=None),
                                         "web-gateway": sh("exec sleep 3600", time_limit=None)},
                            "restart_web_gateway": True})
    assert poller.command("start_camera").returncode == 0
    client.call("SET", "config:auth", "new")
    client.call("PUBLISH", "config:changed", '{"section": "auth"}')
    poller.wait("started", "web-gateway")

    def lose(auth, camera, *meanwhile):
        before = len([line for line in poller.messages if "is back" in line])
        redis.kill()
        poller.wait_message("is lost")
        for one in meanwhile:
            one()
        os.unlink(redis.path)
        server = Redis.__new__(Redis)
        server.folder, server.path = folder, os.path.join(folder, "other.sock")
        server.start()
        server.client().call("MSET", "config:auth", auth, "config:camera", camera)
        os.rename(server.path, redis.path)  # the server has its data before the poller sees it
        redis.process = server.process
        wait_for(lambda: len([line for line in poller.messages if "is back" in line]) == before + 1, "back")

    client.call("PUBLISH", "stream:ended", '{"source_id": "network_camera"}')
    poller.wait_message("the camera's stream has ended")
    lose("new", "new", lambda: poller.wait("ended", "source-camera"))
    assert wait_for(lambda: redis.client().json("status:network_camera"), "the state")["status"] == "stopped"
    assert len(poller.of("started", "web-gateway")) == 1, "nothing changed"
    assert not [line for line in poller.messages if "the camera runs on" in line], "it does not run"
    assert poller.command("start_camera").returncode == 0
    lose("newer", "newer")
    poller.wait("started", "web-gateway", 2)
    poller.wait_message("the camera runs on with its old configuration")
    assert len([line for line in poller.messages if "auth changed" in line]) == 2, poller.messages
    poller.process.terminate()
    poller.wait_message("stopping")
    assert poller.stop() == 1  # the gateway and the camera run until they are ended


def runs_without_a_server(folder, redis):
    redis.kill()
    os.unlink(redis.path)
    poller = start(folder, {"source-a": sh("exit 0", interval=0.2)})
    poller.wait("ended", "source-a", 2)
    assert len([line for line in poller.messages if "is lost" in line]) == 1, poller.messages
    redis.start()
    poller.wait_message("is back")
    assert redis.client().json("config:schedule") == {"a": 0.2}
    assert poller.stop() == 0


def works_with_a_server_that_refuses_writes(folder, redis):
    """The server has no memory left (OOM), and then is a replica (READONLY)."""
    client, responses = redis.client(), Responses(redis.path, "cmd:orchestrator:response:*")
    client.call("SET", "config:schedule", '{"a": 3600}')
    for refuse, allow, code in [(("CONFIG", "SET", "maxmemory", 1), ("CONFIG", "SET", "maxmemory", 0), "OOM "),
                                (("REPLICAOF", "127.0.0.1", 1), ("REPLICAOF", "NO", "ONE"), "READONLY ")]:
        client.call(*refuse)
        poller = start(folder, {"services": {"source-a": sh("exit 0", interval=60)},
                                "redis": {"weather": {"location": "Cork"}, "pihole": {"host": "h"}}})
        request(client, "trigger", code, service="none")
        assert responses.wait(code)["error"] == "unknown service 'none'"
        poller.wait_message(f"refuses to write: {code}")
        client.call(*allow)
        assert poller.stop() == 0
        assert len([line for line in poller.messages if "refuses to write" in line]) == 1, poller.messages
        assert not [line for line in poller.messages if "is lost" in line], poller.messages
        assert client.call("GET", "config:weather") is None


def connects_by_a_host_name(folder, redis):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert redis.client().call("CONFIG", "SET", "port", port) == "OK"
    ipv6 = [f"[::1]:{port}"] if os.path.exists("/proc/net/if_inet6") and socket.has_dualstack_ipv6() else []
    assert redis.client().call("ACL", "SETUSER", "op", "on", ">p@s", "allkeys", "allchannels", "allcommands") == "OK"
    for address in (f"localhost:{port}", f"redis://localhost:{port}/1", f"127.0.0.1:{port}", *ipv6,
                    f"redis://op:p%40s@localhost:{port}", "redis.sock"):
        poller = Poller(program, folder, {"services": {"source-a": sh("exit 0", interval=3600)}}, "--redis", address)
        poller.wait("ended", "source-a")
        assert poller.messages == ["poller: ready"], poller.messages
        assert poller.stop() == 0
    client = redis.client()
    client.call("SELECT", 1)
    assert client.json("config:schedule") == {"a": 3600}
    poller = Poller(program, folder, {"services": {"source-a": sh("exit 0", interval=3600)}}, "--redis", "no such host")
    poller.wait_message("is lost: no such host: ")
    assert poller.stop() == 0


for part in (seeds_without_overwriting, works_with_a_server_that_refuses_writes, connects_by_a_host_name, answers_every_command,
             answers_a_scan_that_ends_after_sigterm, starts_once_for_a_hundred_triggers,
             reloads_its_schedule, seeds_again_at_sighup, uses_docker_compose, reports_overdue_sources,
             reports_overdue_sources_without_the_server,
             acts_on_what_changed_while_the_server_was_lost, runs_without_a_server, survives_a_server_that_dies_and_freezes):
    with tempfile.TemporaryDirectory() as outer:
        server = Redis(outer)
        try:
            started = time.monotonic()
            part(outer, server)
            print(f"{part.__name__}: {time.monotonic() - started:.1f} s")
        finally:
            server.kill()
