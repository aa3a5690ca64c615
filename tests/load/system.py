"""Starts and stops the parts that the benchmarks measure. Standard library only."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GATEWRIGHT_BIN_DIR", ROOT / "target" / "release"))
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, check, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            value = check()
            if value:
                return value
        time.sleep(0.05)
    raise SystemExit(f"gave up waiting for {what}")


class Nginx:
    """nginx in a folder of its own, in the foreground, stopped by its process id."""

    def __init__(self, name, http, workers=1, cpu=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"gw-bench-{name}-"))
        conf = self.folder / "nginx.conf"
        conf.write_text(
            f"""daemon off; pid {self.folder}/nginx.pid; worker_processes {workers};
error_log {self.folder}/error.log; {'user root;' if os.getuid() == 0 else ''}
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {self.folder}/b;
proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u;
scgi_temp_path {self.folder}/s; {http} }}"""
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [program, "-p", str(self.folder), "-c", str(conf)]
        if cpu is not None:
            command = ["taskset", "-c", str(cpu), *command]
        self.process = subprocess.Popen(command)

    def worker_pids(self):
        out = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in out.stdout.split()]

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Gatewright:
    """A whole system by `gwctl up`, and calls of its admin API."""

    def __init__(self, nodes=1, cores=1, extra=(), environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gw-bench-"))
        self.folder.chmod(0o755)
        out = subprocess.run(
            [BIN / "gwctl", "up", "--detach", "--state-dir", self.folder / "state", "--nodes", str(nodes),
             "--admin-port", "0", "--fleet-port", "0", "--traffic-port", "0", "--metrics-port", "0",
             "--node-arg=--cores", f"--node-arg={cores}", *extra, "--output", "json"],
            capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})})
        if out.returncode != 0:
            raise SystemExit(f"gwctl up failed: {out.stderr}")
        self.info = json.loads(out.stdout)
        self.token = json.loads((self.folder / "state" / "credentials.json").read_text())["bearer_token"]

    def call(self, method, path, body=None, raw=None, headers=None):
        """One admin call; answers (status, headers, JSON)."""
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        request = urllib.request.Request(self.info["admin_url"] + path, data=data, method=method)
        request.add_header("authorization", f"Bearer {self.token}")
        request.add_header("accept", "application/json")
        request.add_header("content-type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
                return answer.status, dict(answer.headers), json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}")

    def deploy(self, document, stage, extra_query="", deployment=None):
        """Imports a document (a dict) and deploys it; answers the API's id."""
        _, _, api = self.call("POST", f"/restapis?mode=import{extra_query}", raw=json.dumps(document).encode())
        self.call("POST", f"/restapis/{api['id']}/deployments", {"stageName": stage, **(deployment or {})})
        return api["id"]

    def node_pids(self):
        """The processes of the nodes, by the path of their state folder in the command line."""
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    line = (entry / "cmdline").read_bytes().decode(errors="replace")
                    if "gw-data-plane" in line.split("\0")[0] and str(self.folder) in line:
                        pids.append(int(entry.name))
        return sorted(pids)

    def stop(self):
        subprocess.run([BIN / "gwctl", "down", "--state-dir", self.folder / "state"], check=False,
                       capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def cpu_seconds(pids):
    """User and system time of processes, all threads, in seconds."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def pin(pid, cpu):
    subprocess.run(["taskset", "-a", "-c", "-p", str(cpu), str(pid)], check=True, capture_output=True)


def wrk(url, seconds=5, connections=32, cpu=None, host=None, script=None):
    """One wrk run, by a Lua script where one is named; answers requests, errors and latency texts."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    if host:
        command[1:1] = ["-H", f"Host: {host}"]
    if script:
        command[1:1] = ["-s", script]
    if cpu is not None:
        command = ["taskset", "-c", str(cpu), *command]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    failed = (int(bad.group(1)) if bad else 0) + (sum(map(int, sockets.groups())) if sockets else 0)
    p99 = re.search(r"99%\s+(\S+)", out)
    return {"requests": requests, "failed": failed, "p99": p99.group(1) if p99 else "?"}


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]
