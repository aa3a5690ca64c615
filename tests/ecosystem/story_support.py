"""What stories of services beside ours share."""

import pathlib
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(sys.executable).parent


def expect(what, found, expected):
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"


def moto():
    """moto's server on a free port: the process and its address."""
    log = tempfile.TemporaryFile("w+")
    server = subprocess.Popen(
        [BIN / "moto_server", "-H", "127.0.0.1", "-p", "0"], stdout=log, stderr=log
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        log.seek(0)
        for word in log.read().split():
            if word.startswith("http://127.0.0.1:"):
                return server, word
        time.sleep(0.05)
    log.seek(0)
    raise AssertionError(f"moto did not start: {log.read()}")


def node_client():
    """AWS's client of the Runtime API for Node, built: where NODE_PATH is to lead."""
    install = pathlib.Path(__file__).parent / "ric/install"
    return subprocess.run([install], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
