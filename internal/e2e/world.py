"""One scenario's world: its own topics, group, simulated API and exporters, and the checks that
hold in every scenario.
"""

import json
import os
import re
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

import wire
from checker import TYPES, Checker, Event, Rules
from lab import Failure, free_port, http, wait_for

PARTITIONS = 6
UUID, SECRET = "e2e-account", "e2e-secret-key"
REQUESTS, STATE, DEAD = "requests", "state", "dead-letters"
OUTPUTS = tuple(TYPES)  # status, completed, transcript

# Once the API shows nothing new, POLL_MAX below makes the last announcement, even one that wants a
# second look, come within this time.
QUIET_SECONDS = 5


class World:
    """A scenario's services and what it found. expect() notes a check; a Failure ends the scenario."""

    def __init__(self, lab, name, say, registry=True):
        self.lab, self.name, self.say = lab, name, say
        self.registry_url = lab.registry_url if registry else None
        self.passed, self.failed = 0, 0
        self.exporters, self.started, self.asked = [], 0, set()
        self.refused = set()  # orders that end as dead letters; whether their state is kept is open
        self.admin = AdminClient(wire.client(lab.bootstrap))
        self.topics = {kind: f"{name}.{kind}" for kind in (REQUESTS, STATE, DEAD, *OUTPUTS)}
        self.api = self.secret_file = None

    # --- checks

    def expect(self, what, holds, detail=""):
        """Notes one check and says so; returns whether it held."""
        if holds:
            self.passed += 1
            self.say(f"ok    {what}")
        else:
            self.failed += 1
            self.say(f"FAIL  {what}" + (f"\n{detail}" if detail else ""))
        return holds

    # --- services

    def simulate(self, finished, speed, seed=1, callbacks=""):
        """Starts the simulated API; `finished` is the share of orders that are over at first sight,
        `callbacks` where it sends callbacks to."""
        return self.start_api("--seed", seed, "--speed", speed, "--finished", finished, "--callbacks", callbacks)

    def start_api(self, *flags):
        """Starts the simulated API with some flags beside those of its address and account."""
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        process = self.lab.start(f"{self.name}-api", [
            self.lab.binary, "simulate", "--addr", f"127.0.0.1:{port}", "--uuid", UUID, "--secret-key", SECRET,
            *flags], env=self.environment())

        def answers():
            process.must_run()
            try:
                return http(f"{self.api}/sim/stats")[0] == 200
            except OSError:
                return False
        wait_for("the simulated API answers", 20, answers)
        return process

    def environment(self, **settings):
        """A program's whole environment: nothing of the caller's settings leaks into it."""
        names = ("PATH", "HOME", "TMPDIR", "GODEBUG", "GOGC", "GOMEMLIMIT")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        return {**kept, **{name: str(value) for name, value in settings.items()}}

    def settings(self, **changes):
        """An exporter's settings: short waits, so that a run takes seconds. None takes one away."""
        if not self.secret_file:
            self.secret_file = self.lab.folder / f"{self.name}.secret"
            self.secret_file.write_text(SECRET + "\n")
        settings = {
            "KAFKA_BROKERS": self.lab.bootstrap, "KAFKA_GROUP_ID": self.name, "KAFKA_SESSION_TIMEOUT": "6s",
            "TOPIC_REQUESTS": self.topics[REQUESTS], "TOPIC_STATUS": self.topics["status"],
            "TOPIC_COMPLETED": self.topics["completed"], "TOPIC_TRANSCRIPT": self.topics["transcript"],
            "TOPIC_STATE": self.topics[STATE], "TOPIC_DEAD_LETTERS": self.topics[DEAD],
            "TOPIC_PARTITIONS": PARTITIONS, "CALLBOT_BASE_URL": self.api, "CALLBOT_UUID": UUID,
            "CALLBOT_SECRET_KEY_FILE": self.secret_file, "CALLBOT_RATE_LIMIT": 50,
            "POLL_MIN": "500ms", "POLL_MAX": "1s", "SETTLE": "9s", "LOG_FORMAT": "json",
        }
        if self.registry_url:
            settings["SCHEMA_REGISTRY_URL"] = self.registry_url
        settings.update(changes)
        return {name: value for name, value in settings.items() if value is not None}

    def exporter(self, ready=True, **changes):
        """Starts an exporter; waits until it is ready."""
        port = free_port()
        self.started += 1
        process = self.lab.start(f"{self.name}-exporter-{self.started}", [self.lab.binary, "run"],
                                 env=self.environment(**self.settings(HTTP_ADDR=f"127.0.0.1:{port}", **changes)))
        process.url = f"http://127.0.0.1:{port}"
        self.exporters.append(process)
        if ready:
            wait_for(f"{process.name} is ready", 40, lambda: self.readiness(process)[0] == 200)
        return process

    def readiness(self, exporter):
        """Status and text of /readyz; 0 while nobody listens."""
        exporter.must_run()
        try:
            return http(f"{exporter.url}/readyz")
        except OSError:
            return 0, ""

    def counted(self, metric, label):
        """What a counter says under a label's value, over all exporters."""
        total = 0
        for exporter in self.exporters:
            _, page = http(f"{exporter.url}/metrics")
            for value in re.findall(rf'^callstream_{metric}{{\w+="{label}"}} (\S+)$', page, re.MULTILINE):
                total += int(float(value))
        return total

    # --- requests

    def create_requests_topic(self):
        made = self.admin.create_topics([NewTopic(self.topics[REQUESTS], PARTITIONS, 1)])
        made[self.topics[REQUESTS]].result(20)

    def producer(self, partitioner):
        return Producer(wire.client(self.lab.bootstrap, partitioner=partitioner, **{"linger.ms": 5}))

    def request(self, refs, list_size=1, partitioner="murmur2_random"):
        """Asks for orders [(task, order)], of one task a list; keyed by the first order of each."""
        producer = self.producer(partitioner)
        by_task = {}
        for task, order in refs:
            by_task.setdefault(task, []).append(order)
            self.asked.add((task, order))
        for task, orders in by_task.items():
            for at in range(0, len(orders), list_size):
                some = orders[at:at + list_size]
                body = {"userTaskID": task, **({"orderID": some[0]} if list_size == 1 else {"orderIDs": some})}
                self.put(producer, json.dumps(body).encode(), some[0].encode())
        self.flush(producer)

    def put(self, producer, value, key=None, **more):
        while True:
            try:
                producer.produce(self.topics[REQUESTS], value, key, **more)
                return
            except BufferError:
                producer.poll(0.1)

    @staticmethod
    def flush(producer):
        if producer.flush(30):
            raise Failure("requests could not be produced")

    def request_mixed(self, count):
        """Asks for `count` orders of five tasks: singly and in lists, by Java's partitioner and by
        librdkafka's own, which puts most of them where they are not at home."""
        refs = [(f"task-{n % 5}", f"order-{n:06d}") for n in range(count)]
        half, some = count // 2, count // 10
        self.request(refs[:half])
        self.request(refs[half:half + some], list_size=50)
        self.request(refs[half + some:count - some], partitioner="consistent_random")
        self.request(refs[count - some:], list_size=50, partitioner="consistent_random")

    # --- the end of a run

    def truth(self):
        """What the simulated API says of every order it answered; read as it comes, for there may be
        hundreds of megabytes."""
        with urllib.request.urlopen(f"{self.api}/sim/truth?final=true", timeout=120) as lines:
            for line in lines:
                yield json.loads(line)

    def over(self):
        """Whether the API has nothing more to show."""
        return all(t["now"] == t["final"] for t in self.truth())

    def ends(self):
        return wire.end_offsets(self.lab.bootstrap, list(self.topics.values()))

    def lag(self):
        """How many requests are not done."""
        ends = wire.end_offsets(self.lab.bootstrap, [self.topics[REQUESTS]])[self.topics[REQUESTS]]
        done = wire.committed(self.lab.bootstrap, self.name, self.topics[REQUESTS])
        return sum(end - max(done[p], 0) for p, end in ends.items())

    def wait_done(self, seconds=60):
        """Waits until every request is committed."""
        def done():
            for exporter in self.exporters:
                exporter.must_run()
            return self.lag() == 0
        wait_for("every request is done", seconds, done, every=0.3)

    def wait_settled(self, seconds=120):
        """Waits until the API has nothing more to show and nothing more is written."""
        self.wait_done(seconds)
        wait_for("the API's orders are over", seconds, self.over, every=2)
        before = [None]

        def quiet():
            now = self.ends()
            same, before[0] = now == before[0], now
            return same
        wait_for("the topics are quiet", seconds, quiet, every=QUIET_SECONDS)

    def events(self):
        """Every event, decoded, in the order of its topic and partition."""
        decoder = wire.Decoder(self.lab.schemas, self.registry_url)

        def read(kind):
            found = []
            for record in wire.read_all(self.lab.bootstrap, self.topics[kind]):
                name, body = decoder.event(record.value)
                if name != TYPES[kind][0]:
                    raise Failure(f"{record.topic}/{record.partition}@{record.offset} holds a {name}")
                found.append(Event(kind, record, body))
            return found
        with ThreadPoolExecutor(len(OUTPUTS)) as readers:
            return [event for found in readers.map(read, OUTPUTS) for event in found]

    def dead_letters(self):
        return wire.read_all(self.lab.bootstrap, self.topics[DEAD])

    def check(self, repeats=False, every_status=True, dead=0):
        """The checks at the end of every run: events against the truth, offsets, state, dead letters."""
        truth, events = [{**t, "now": None} for t in self.truth()], self.events()
        asked = {(t["userTaskID"], t["orderID"]) for t in truth}
        self.expect(f"all {len(self.asked)} orders were looked at", asked == self.asked,
                    f"missing {list(self.asked - asked)[:3]}, not asked for {list(asked - self.asked)[:3]}")
        client = self.admin.list_topics(timeout=10).topics
        partitions = {self.topics[kind]: len(client[self.topics[kind]].partitions) for kind in OUTPUTS}
        findings = Checker(Rules(partitions, repeats, every_status)).check(events, truth)
        self.expect(f"{len(events)} events agree with the truth of {len(truth)} orders", not findings, findings)
        if repeats:
            self.say(f"      {len(events) - len({e.body['eventID'] for e in events})} of them are repeats")
        lag = self.lag()
        self.expect("every request's offset is committed", lag == 0, f"lag {lag}")
        letters = self.dead_letters()
        self.expect(f"{dead} dead letters", len(letters) == dead,
                    [(r.value and r.value[:80], dict(r.headers)) for r in letters[:5]])
        self.check_state()
        return events

    def check_state(self):
        """The state topic: one live key an order, at home, readable, compacted."""
        topic, live, faults = self.topics[STATE], {}, []
        decoder = wire.Decoder(self.lab.schemas)
        for record in wire.read_all(self.lab.bootstrap, topic):
            parts = (record.key or b"").decode().split("/")
            if len(parts) != 2 or any(not re.fullmatch(r"[A-Za-z0-9._~$&+=:@%-]+", part) for part in parts):
                faults.append(f"key {record.key!r} is not a path-escaped task and order")
                continue
            ref = tuple(urllib.parse.unquote(part, errors="strict") for part in parts)
            if wire.home(ref[1].encode(), PARTITIONS) != record.partition:
                faults.append(f"{ref} is not in its home partition")
            if record.value is None:
                live.pop(ref, None)
                continue
            live[ref] = decoder.single_object(record.value)[0]
        faults += [f"{ref} holds a {name}" for ref, name in live.items() if name != "callstream.v1.OrderState"]
        strange = (set(live) ^ self.asked) - self.refused
        if strange:
            faults.append(f"{len(live)} live keys, {len(self.asked)} orders, e.g. {list(strange)[:3]}")
        self.expect(f"the state topic holds {len(live)} orders at home", not faults, faults[:3])
        self.expect("the topics are made as promised", *self.topic_settings())

    def topic_settings(self):
        """Whether the topics' settings are as docs/contract.md#topics says, and what differs."""
        wanted = {self.topics[kind]: {"max.message.bytes": "8388608", "min.insync.replicas": "1"}
                  for kind in (*OUTPUTS, DEAD)}
        wanted[self.topics[STATE]] = {"cleanup.policy": "compact", "max.message.bytes": "8388608"}
        wrong = []
        for resource, future in self.admin.describe_configs(
                [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in wanted]).items():
            settings = future.result(20)
            wrong += [f"{resource.name}: {name} is {settings[name].value}, not {value}"
                      for name, value in wanted[resource.name].items() if settings[name].value != value]
        count = wire.end_offsets(self.lab.bootstrap, [self.topics[STATE]])[self.topics[STATE]]
        if len(count) != PARTITIONS:
            wrong.append(f"the state topic has {len(count)} partitions")
        return not wrong, wrong

    def stop(self):
        """Ends the exporters; each must end with 0 and leave the group, not wait to be missed."""
        for exporter in self.exporters:
            if exporter.running():
                code = exporter.stop()
                self.expect(f"{exporter.name} ends with 0 on SIGTERM", code == 0, exporter.tail())
        group = self.admin.describe_consumer_groups([self.name])[self.name].result(20)
        self.expect("the group is empty", not group.members, group.members)

    def kill(self, exporter):
        """Ends an exporter as a crash does; one that ended by itself is a failure."""
        exporter.must_run()
        exporter.kill()
        self.exporters.remove(exporter)

    def set_faults(self, **shares):
        """Replaces the simulated API's faults; none: it is well again."""
        status, text = http(f"{self.api}/sim/faults", shares, method="PUT")
        if status // 100 != 2:
            raise Failure(f"/sim/faults answers {status}: {text[:200]}")

    def written(self):
        """How many events there are so far."""
        ends = wire.end_offsets(self.lab.bootstrap, [self.topics[kind] for kind in OUTPUTS])
        return sum(sum(partitions.values()) for partitions in ends.values())
