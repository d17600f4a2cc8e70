"""Owns the processes of the end-to-end test: a Kafka broker, a schema registry, the
simulated API and exporters. Everything listens on free ports of 127.0.0.1, keeps its data in
one working folder, and is ended by its process ID.

Standard library alone, so that it can build the environment the rest needs.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callstream-e2e"

# A JVM on two busy cores needs up to 15 s to listen; four times that is a failure.
START_SECONDS = 60
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """A service or a scenario did not do what it must."""


def cached(name, wanted_by, fill):
    """The cache folder for what `fill` makes from the file `wanted_by`; made once a content."""
    digest = hashlib.sha256(wanted_by.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=CACHE))
    try:
        fill(unfinished)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.exists():  # else another run was quicker
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def command(*argv, **options):
    """Runs a command to its end; its output is shown only where it fails."""
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        raise Failure(f"{argv[0]} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def services():
    """The folder with the jars of the broker and the registry."""
    def fetch(folder):
        command("mvn", "-q", "-B", "-f", HERE / "pom.xml", f"-Dto={folder}", "package")
    return cached("services", HERE / "pom.xml", fetch)


def python():
    """The interpreter that has the test's packages."""
    def install(folder):
        command(sys.executable, "-m", "venv", folder / "venv")
        command(folder / "venv/bin/python", "-m", "pip", "install", "-q",
                "-r", HERE / "requirements.txt")
    return cached("python", HERE / "requirements.txt", install) / "venv/bin/python"


def free_port():
    """A port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def http(url, body=None, method=None, timeout=10):
    """Status and text of an HTTP answer, whatever the status. OSError where there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def wait_for(what, seconds, holds, every=0.1):
    """Waits until holds() is true, and returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


class Process:
    """A started program; its output goes to a file."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.log = name, Path(log)
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out, env=env, cwd=cwd, start_new_session=True)

    def running(self):
        return self.popen.poll() is None

    def must_run(self):
        if not self.running():
            raise Failure(f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}")

    def kill(self):
        """Ends it as a crash does."""
        self.popen.kill()
        return self.popen.wait()

    def stop(self, seconds=30):
        """Asks it to end and returns its exit code; a program that doesn't is killed."""
        if self.running():
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} did not end within {seconds} s of SIGTERM") from None

    def cpu_seconds(self):
        """User and system time of the process so far."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def peak_mb(self):
        """The most memory it had resident, in units of 1,000,000 bytes."""
        for line in Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def output(self):
        return self.log.read_text(errors="replace")

    def tail(self, lines=15):
        """The end of its log; where it panicked, from there on."""
        log = self.output().splitlines()
        panics = [at for at, line in enumerate(log) if line.startswith(("panic:", "fatal error:"))]
        return "\n".join(log[panics[0]:][:lines] if panics else log[-lines:])


class Lab:
    """The working folder and what runs in it; a context that ends all of it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="callstream-e2e-"))
        self.processes = []
        self.binary = self.folder / "callstream"
        self.schemas = self.folder / "schemas"
        self.bootstrap = self.registry_url = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in reversed(self.processes):
            if process.running():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, argv, env=None, cwd=None):
        process = Process(name, argv, self.folder / f"{name}.log", env, cwd)
        self.processes.append(process)
        return process

    def build(self):
        """Builds the binary, and keeps the schemas that are in it beside it."""
        shutil.copytree(ROOT / "schemas", self.schemas)
        command("go", "build", "-o", self.binary, "./cmd/callstream", cwd=ROOT)

    def retry(self, begin):
        """Starts a service on free ports, anew where another program was quicker to a port."""
        for last in (False, False, True):
            try:
                return begin()
            except Failure as failure:
                if last or "already in use" not in str(failure):
                    raise
        return None

    def kafka(self, answers):
        """Starts a broker. answers(bootstrap) says whether a client can talk to it."""
        jars = services() / "kafka/*"
        java = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars]

        def begin():
            port, controller = free_port(), free_port()
            home = Path(tempfile.mkdtemp(prefix="kafka-", dir=self.folder))
            settings = {
                "process.roles": "broker,controller", "node.id": 7,
                "controller.quorum.voters": f"7@127.0.0.1:{controller}",
                "listeners": f"CLIENTS://127.0.0.1:{port},QUORUM://127.0.0.1:{controller}",
                "advertised.listeners": f"CLIENTS://127.0.0.1:{port}",
                "listener.security.protocol.map": "CLIENTS:PLAINTEXT,QUORUM:PLAINTEXT",
                "inter.broker.listener.name": "CLIENTS", "controller.listener.names": "QUORUM",
                "log.dirs": home / "data", "auto.create.topics.enable": "false",
                "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 4,
                "group.initial.rebalance.delay.ms": 0,
                # One second in place of six: members that crashed must not hold a scenario up.
                "group.min.session.timeout.ms": 1000,
            }
            properties = home / "server.properties"
            properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
            cluster = command(*java, "kafka.tools.StorageTool", "random-uuid").split()[-1]
            command(*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties)
            broker = self.start("kafka", ["java", "-Xms512m", "-Xmx512m", *java[1:],
                                          "kafka.Kafka", properties])

            def ready():
                broker.must_run()
                return answers(f"127.0.0.1:{port}")
            wait_for("the broker answers a client", START_SECONDS, ready)
            self.bootstrap = f"127.0.0.1:{port}"
        self.retry(begin)

    def registry(self):
        """Starts a schema registry that speaks Confluent's API."""
        jar = next((services() / "registry").glob("*-runner.jar"))

        def begin():
            port = free_port()
            url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
            service = self.start("registry", [
                "java", "-Xmx256m", "-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}",
                "-jar", jar], cwd=self.folder)

            def ready():
                service.must_run()
                try:
                    return http(f"{url}/subjects")[0] == 200
                except OSError:
                    return False
            wait_for("the registry answers", START_SECONDS, ready)
            self.registry_url = url
        self.retry(begin)

    def tails(self):
        """The last lines of every log, for a run that failed."""
        return "\n".join(f"--- {p.name}\n{p.tail()}" for p in self.processes)
