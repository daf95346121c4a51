"""Firefox and WebKit without a driver package: a session of each gives `go`, `js`, `act` and `close`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

MINI = Path("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser")
PATIENCE = 120  # seconds


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Session:
    """What all engines can do."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    def start(self, arguments: list[str], **env: str) -> None:
        env = {**os.environ, "HOME": self.folder.name, **env}
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(arguments, env=env, stdout=quiet, stderr=quiet, start_new_session=True)

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)  # with those that it has started
        self.process.wait(PATIENCE)
        self.folder.cleanup()

    def key(self, key: str) -> None:
        self.act({"type": "key", "id": "k", "actions": [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]})

    def drag(self, at: list[float], by: tuple[int, int], steps: int = 10) -> None:
        x, y = (round(v) for v in at)
        way = [(x + by[0] * i // steps, y + by[1] * i // steps) for i in range(steps + 1)]
        moves: list[dict[str, Any]] = [{"type": "pointerMove", "duration": 20, "x": u, "y": v} for u, v in way]
        moves.insert(1, {"type": "pointerDown", "button": 0})
        actions = [*moves, {"type": "pointerUp", "button": 0}]
        self.act({"type": "pointer", "id": "m", "parameters": {"pointerType": "mouse"}, "actions": actions})

    def ready(self) -> bool:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.js("return document.documentElement.dataset.ready") == "true":
                return True
            time.sleep(0.1)
        return False


class Firefox(Session):
    """Marionette: [0, number, command, parameters] with its length before it, and [1, number, error, result] back."""

    def __init__(self) -> None:
        super().__init__()
        port = free_port()
        Path(self.folder.name, "user.js").write_text(f'user_pref("marionette.port", {port});')
        self.start(["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", self.folder.name])
        self.count, self.left = 0, b""
        self.connection = connected(port)
        self.read()
        self.send("WebDriver:NewSession", capabilities={})

    def read(self) -> Any:
        while b":" not in self.left:
            self.left += self.connection.recv(1 << 16)
        size, self.left = self.left.split(b":", 1)
        while len(self.left) < int(size):
            self.left += self.connection.recv(1 << 20)
        message, self.left = self.left[: int(size)], self.left[int(size) :]
        return json.loads(message)

    def send(self, name: str, **parameters: Any) -> Any:
        self.count += 1
        message = json.dumps([0, self.count, name, parameters]).encode()
        self.connection.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.read()
        if error:
            raise RuntimeError(error)
        return result

    def go(self, path: Path) -> None:
        self.send("WebDriver:Navigate", url=path.as_uri())

    def js(self, script: str, *arguments: Any) -> Any:
        return self.send("WebDriver:ExecuteScript", script=script, args=[*arguments])["value"]

    def act(self, *sources: Any) -> None:
        self.send("WebDriver:PerformActions", actions=[*sources])

    def close(self) -> None:
        self.connection.close()
        self.stop()


class WebKit(Session):
    """WebKitGTK, the engine of Safari, by its own driver, on a display of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        driver = ["xvfb-run", "-a", "WebKitWebDriver", f"--port={self.port}"]
        self.start(driver, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1", LIBGL_ALWAYS_SOFTWARE="1")
        connected(self.port).close()
        options = {"webkitgtk:browserOptions": {"binary": str(MINI), "args": ["--automation"]}}
        self.id = self.send("POST", "/session", capabilities={"alwaysMatch": options})["sessionId"]

    def send(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        head = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, head, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def go(self, path: Path) -> None:
        self.send("POST", f"/session/{self.id}/url", url=path.as_uri())

    def js(self, script: str, *arguments: Any) -> Any:
        return self.send("POST", f"/session/{self.id}/execute/sync", script=script, args=[*arguments])

    def act(self, *sources: Any) -> None:
        self.send("POST", f"/session/{self.id}/actions", actions=[*sources])

    def close(self) -> None:
        self.send("DELETE", f"/session/{self.id}")
        self.stop()


def connected(port: int) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
