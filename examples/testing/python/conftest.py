"""A pytest fixture: a Strongroom of its own for the tests of a run. The program `strongroom` is on the PATH, or STRONGROOM names it."""

import json
import os
import subprocess
from dataclasses import dataclass

import pytest

SERVE = ["serve", "--dev", "--temporary", "--stop-at-end-of-input", "--listen", "127.0.0.1:0", "--log-level", "warn"]
PROGRAM = os.environ.get("STRONGROOM", "strongroom")


@dataclass(frozen=True)
class Strongroom:
    endpoint: str
    account_id: str = "1000000000000001"
    access_key_id: str = "LTAItesting"
    access_key_secret: str = "not-a-secret"

    def environment(self):
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("STRONGROOM")},
            "ALIBABA_CLOUD_ACCESS_KEY_ID": self.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.access_key_secret,
            "STRONGROOM_ACCOUNT_ID": self.account_id,
            "STRONGROOM_ROOT_ACCESS_KEY_ID": self.access_key_id,
            "STRONGROOM_ROOT_ACCESS_KEY_SECRET": self.access_key_secret,
            **({"STRONGROOM_ENDPOINT": self.endpoint} if self.endpoint else {}),
        }

    def run(self, *line):
        """Runs a line of the program against the server; returns what it printed."""
        ran = subprocess.run([PROGRAM, *line], env=self.environment(), check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    def advance(self, duration):
        """Moves the clock forward, by "8d", "36h", "90m" or "30s". What fell due has then happened."""
        self.run("dev", "advance", duration)


@pytest.fixture(scope="session")
def strongroom():
    environment = Strongroom(endpoint="").environment()
    # The server ends with its input: when this process closes it, or ends, however it ends.
    server = subprocess.Popen([PROGRAM, *SERVE], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Strongroom(endpoint=json.loads(server.stdout.readline())["endpoint"])
    finally:
        server.stdin.close()
        server.wait()
