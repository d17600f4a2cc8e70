"""What is tried. Each scenario gets a world of its own; sizes come from the command line."""

import hashlib
import json
import time
import urllib.error
import urllib.request

from fastavro.schema import parse_schema

import wire
from dead_letters import bad_requests, check_bad_letters
from lab import Failure, command, free_port, http, wait_for
from security import SECURITY, SECURITY_SHORT
from world import DEAD, PARTITIONS, REQUESTS, SECRET, UUID

# A story of the simulated API lasts up to 20 minutes of its time; at this speed the last of some
# hundred living orders are over in half a minute. The longest pause of an order that is finished, five
# minutes until a message is clicked, must be shorter than SETTLE in world.py.
SPEED = 40


def begin(world, sizes, **settings):
    """The simulated API for the sizes asked for, and an exporter."""
    world.simulate(sizes.finished / (sizes.finished + sizes.living), SPEED)
    return world.exporter(**settings)


def whole(world, sizes):
    """Everything once, without trouble: nothing is lost, wrong, out of order or said twice."""
    begin(world, sizes)
    world.request_mixed(sizes.finished + sizes.living)
    world.wait_settled()
    world.check()
    made = [None]

    def at_rest():
        before, made[0] = made[0], requests_made(world)
        return made[0] == before
    try:  # three times POLL_MAX: an order still followed would be looked at
        peace = wait_for("nothing is asked any more", 20, at_rest, every=3)
    except Failure:
        peace = False
    world.expect("settled orders are left in peace", peace, f"{made[0]} API requests and counting")
    world.stop()


def whole_without_registry(world, sizes):
    """The same in single-object encoding; requests and their topic are there before the exporter."""
    world.create_requests_topic()
    world.simulate(sizes.finished / (sizes.finished + sizes.living), SPEED)
    world.request_mixed(sizes.finished + sizes.living)
    world.exporter()
    world.wait_settled()
    world.check()
    world.stop()


def crashes(world, sizes):
    """kill -9 in the middle of work, a successor, a second instance that joins, and kill -9 of one of
    two: nothing is lost."""
    settings = {"BATCH_SIZE": 50, "KAFKA_ASSIGNMENT": "spread"}
    first = begin(world, sizes, **settings)
    world.request_mixed(sizes.finished + sizes.living)
    wait_for("the work has begun", 60, lambda: world.written() > sizes.finished, every=0.02)
    world.kill(first)
    world.expect("the crash came in the middle of the work", world.lag() > 0)
    second = world.exporter(**settings)
    before = world.written()
    wait_for("the successor goes on", 60, lambda: world.written() > before)
    world.exporter(**settings)
    wait_for("two instances share the group", 30, lambda: len(
        world.admin.describe_consumer_groups([world.name])[world.name].result(20).members) == 2)
    time.sleep(3)  # let both write
    world.kill(second)
    world.wait_settled()
    world.check(repeats=True, every_status=False)
    world.stop()


def stopped_in_the_middle(world, sizes):
    """SIGTERM in the middle of work and a successor: nothing is lost, and nothing said twice."""
    first = begin(world, sizes, BATCH_SIZE=50)
    world.request_mixed(sizes.finished + sizes.living)
    wait_for("the work has begun", 60, lambda: world.written() > sizes.finished, every=0.02)
    world.stop()
    world.exporters.remove(first)
    world.expect("SIGTERM came in the middle of the work", world.lag() > 0)
    world.exporter(BATCH_SIZE=50)
    world.wait_settled()
    world.check()
    world.stop()


def trouble_at_the_api(world, sizes):
    """Busy, failing, cut and stale answers for a while: all is still right, and nothing said twice."""
    begin(world, sizes, BATCH_SIZE=100)
    world.set_faults(busy=0.1, error500=0.1, cut=0.1, stale=0.1)
    world.request_mixed(sizes.finished + sizes.living)
    time.sleep(12)
    stats = json.loads(http(f"{world.api}/sim/stats")[1])
    world.set_faults()
    world.say(f"      the API by then: {json.dumps(stats)[:300]}")
    world.wait_settled()
    world.check()
    world.stop()


def bad_input(world, sizes):
    """What can't be read or served becomes a dead letter with its reason, as it came; strange but
    allowed IDs work; the rest goes on."""
    del sizes
    world.simulate(1, SPEED)
    world.exporter(NOT_FOUND_MAX="3s", BATCH_LINGER="20ms")
    producer = world.producer("murmur2_random")
    cases = bad_requests()
    for case in cases:
        world.put(producer, case.value, case.key, headers=[("e2e-case", case.name.encode())])
    strange = ["with space", "a/b", 'quo"te', "back\\slash", "tab\tand\nline", "\u0001control",
               "ünïcødé ✓ 😀", "%2F", "..",
               "?x=1&y=+", "x" * 256, "é" * 128, "\u2028", "null", "0", "<script>"]
    world.request([("task/with strange \"characters\"\t", order) for order in strange])
    world.request([("strange", order) for order in strange], list_size=len(strange))
    world.request([("list", f"list-{n}") for n in range(10_000)], list_size=10_000)
    world.flush(producer)
    confluent_requests(world)
    for order in ("missing-1", "poison-1"):
        world.refused.add(("list", order))
        world.put(producer, json.dumps({"userTaskID": "list", "orderID": order}).encode(), order.encode())
    world.flush(producer)
    misroute(world, producer)
    expected = len(cases) + 3  # missing, poison, misrouted
    wait_for("every dead letter is there", 60, lambda: len(world.dead_letters()) >= expected, every=1)
    world.wait_settled()
    world.check(dead=expected)
    check_bad_letters(world, cases)
    world.stop()


def confluent_requests(world):
    """Two requests in Avro: one by the released schema, one by another with fields of the same names."""
    released = wire.released_schemas(world.lab.schemas)["callstream.v1.OrderRequest"]
    other = {"type": "record", "name": "Ask", "namespace": "elsewhere", "fields": [
        {"name": "priority", "type": "int"}, {"name": "orderIDs", "type": {"type": "array", "items": "string"}},
        {"name": "userTaskID", "type": "string"}]}
    producer = world.producer("murmur2_random")
    for number, (schema, record, orders) in enumerate((
            (released, {"userTaskID": "avro", "orderID": "avro-1"}, ["avro-1"]),
            (other, {"userTaskID": "avro", "orderIDs": ["avro-2", "avro-3"], "priority": 3}, ["avro-2", "avro-3"]))):
        status, text = http(f"{world.registry_url}/subjects/{world.name}-asking-{number}/versions",
                            {"schema": json.dumps(schema)}, method="POST")
        if status != 200:
            raise Failure(f"register a request's schema: {status} {text[:200]}")
        value = wire.encode(parse_schema(schema), record, json.loads(text)["id"])
        world.put(producer, value, orders[0].encode())
        world.asked.update(("avro", order) for order in orders)
    world.flush(producer)


def misroute(world, producer):
    """A request put where it is not at home is forwarded; the same headers on another one that is not
    at home make it a dead letter."""
    def strayed(order):
        return {"partition": (wire.home(order.encode(), PARTITIONS) + 1) % PARTITIONS,
                "value": json.dumps({"userTaskID": "stray", "orderID": order}).encode(), "key": order.encode()}

    first, second = strayed("stray-1"), strayed("stray-2")
    world.asked.add(("stray", "stray-1"))
    world.put(producer, first["value"], first["key"], partition=first["partition"])
    world.flush(producer)
    at_home = wire.home(b"stray-1", PARTITIONS)

    def forwarded():
        return [r for r in wire.read_all(world.lab.bootstrap, world.topics[REQUESTS])
                if r.partition == at_home and r.value and b"stray-1" in r.value]
    copy = wait_for("the stray request is forwarded home", 30, forwarded, every=0.5)
    world.expect("it is forwarded once, with the time it was asked at",
                 len(copy) == 1 and "callstream-request-time" in dict(copy[0].headers), copy)
    world.refused.add(("stray", "stray-2"))
    world.put(producer, second["value"], second["key"], partition=second["partition"], headers=copy[0].headers)
    world.flush(producer)


def refused_account(world, sizes):
    """A wrong key: not ready and saying why, nothing lost; with the right key all is done."""
    world.simulate(sizes.finished / (sizes.finished + sizes.living), SPEED)
    wrong = world.exporter(ready=False, CALLBOT_SECRET_KEY="not the key", CALLBOT_SECRET_KEY_FILE=None)
    wait_for("the topics are there", 30, lambda: world.topics[DEAD] in world.admin.list_topics(timeout=10).topics)
    world.request_mixed(min(300, sizes.finished))

    def refused():
        status, text = world.readiness(wrong)
        return status == 503 and "account-refused" in text
    try:
        wait_for("/readyz is 503 and names account-refused", 30, refused)
        said = True
    except Failure:
        said = False
    world.expect("/readyz is 503 and names account-refused", said, world.readiness(wrong))
    time.sleep(4)  # two rounds of the slow retry: whatever it gives up by then would be here
    offsets = wire.committed(world.lab.bootstrap, world.name, world.topics[REQUESTS])
    events = world.written()
    world.expect("requests wait in Kafka", world.lag() > 0 and events == 0, f"committed {offsets}, {events} events")
    world.expect("nothing is a dead letter", not world.dead_letters(), world.dead_letters()[:3])
    world.expect("the log holds no key", "not the key" not in wrong.output())
    world.stop()
    world.exporters.remove(wrong)
    world.exporter()
    world.wait_settled()
    world.check()
    world.stop()


def callback(address, order, key, request_id):
    """Sends a callback about an order of the task "called", signed with a key; the answer's status."""
    body = json.dumps({"callbackType": "2", "orderID": order, "userTaskID": "called", "userPhone": "13800138000"})
    now = str(int(time.time()))
    signed = f"{key}&body={body}&createTs={now}&requestID={request_id}&uuid={UUID}"
    headers = {"Content-Type": "application/json", "requestID": request_id, "uuid": UUID, "createTs": now,
               "sign": hashlib.md5(signed.encode()).hexdigest().upper()}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body.encode(), headers), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def hints(world, sizes):
    """Callbacks that are lost, late and double become hints, also for the orders of an instance that
    takes none; a forged one writes nothing, and one for an order that nobody asked for follows it."""
    address = f"127.0.0.1:{free_port()}"
    url = f"http://{address}/callbacks/callbot"
    world.simulate(sizes.finished / (sizes.finished + sizes.living), SPEED, callbacks=url)
    world.exporter(CALLBACK_ADDR=address, CALLBACK_FOLLOW="true")
    world.exporter(CALLBACK_FOLLOW="true")
    before = wire.end_offsets(world.lab.bootstrap, [world.topics[REQUESTS]])
    world.expect("a forged callback is answered with 401", callback(url, "forged", "another key", "e2e-1") == 401)
    world.expect("and writes nothing", before == wire.end_offsets(world.lab.bootstrap, [world.topics[REQUESTS]]))
    world.set_faults(callback_loss=0.2, callback_delay=0.2, callback_duplicates=0.2)
    world.request_mixed(sizes.finished + sizes.living)
    mine = [f"called-{n}" for n in range(12)]  # some at home with each instance
    world.asked.update(("called", order) for order in mine)
    answers = [callback(url, order, SECRET, f"e2e-{order}") for order in mine]
    world.expect("signed callbacks are answered with 200", answers == [200] * len(mine), answers)
    world.wait_settled()
    sent = json.loads(http(f"{world.api}/sim/stats")[1])["callbacks"]
    accepted, replayed = (world.counted("callbacks_total", label) for label in ("accepted", "replayed"))
    taken, ignored, followed = (world.counted("hints_total", label) for label in ("taken", "ignored", "followed"))
    world.say(f"      the API sent {sent}; hints taken {taken}, ignored {ignored}, followed {followed}")
    world.expect(f"{accepted} callbacks are accepted, {replayed} refused as replays",
                 accepted == sent["accepted"] + len(mine) and 0 < replayed == sent["refused"], sent)
    world.expect("each became a hint that was read", taken + ignored + followed == accepted and taken > 0)
    world.expect("orders that nobody asked for are followed", followed == len(mine), followed)
    world.check()
    world.stop()


def wrong_settings(world, sizes):
    """Wrong settings are all named in one message, without a secret, and end with 2."""
    del sizes
    wrong = {"KAFKA_SESSION_TIMEOUT": "banana", "BATCH_SIZE": "100000", "CALLBOT_ALGORITHM": "ROT13",
             "CALLBOT_VERIFY_RESPONSES": "perhaps", "POLL_MIN": "-2s", "PHONE": "loud", "TOPIC_PARTITIONS": "0",
             "LOG_FORMAT": "xml", "CALLBOT_RATE_LIMIT": "fast", "CALLBOT_SECRET_KEY": None,
             "CALLBOT_SECRET_KEY_FILE": None,
             "KAFKA_SASL_MECHANISM": "GUESS", "KAFKA_SASL_PASSWORD": "hunter2-e2e"}
    world.api = "http://127.0.0.1:9"
    process = world.lab.start(f"{world.name}-exporter", [world.lab.binary, "run"],
                              env=world.environment(**world.settings(**wrong)))
    code = process.popen.wait(20)
    named = [name for name in wrong if not name.endswith(("_FILE", "PASSWORD"))]
    missing = [name for name in named if name not in process.output()]
    world.expect("wrong settings end with 2", code == 2, f"{code}: {process.tail()}")
    world.expect(f"all {len(named)} are named", not missing, f"{missing} not in:\n{process.output()}")
    world.expect("no secret is shown", "hunter2" not in process.output() and SECRET not in process.output())
    usage = command("sh", "-c", f"{world.lab.binary} run --nonsense; echo code $?")
    world.expect("an unknown flag ends with 2", usage.rstrip().endswith("code 2"), usage)


def requests_made(world):
    """How many requests the simulated API had."""
    stats = json.loads(http(f"{world.api}/sim/stats")[1])
    return stats["requests"]



# Of the load: 2,000 living orders are looked at as seldom as the default allows.
UNHURRIED = {"POLL_MIN": "2s", "POLL_MAX": "3s"}


def load(world, sizes):
    """Many orders: right, and within the bounds of CPU and memory."""
    exporter = begin(world, sizes, **UNHURRIED)
    orders, began, at_start = sizes.finished + sizes.living, time.monotonic(), exporter.cpu_seconds()
    world.request([(f"task-{n % 5}", f"order-{n:06d}") for n in range(orders)])
    world.wait_done(300)
    seconds, first_look = time.monotonic() - began, exporter.cpu_seconds() - at_start
    world.say(f"      first answers: {orders / seconds:.0f} orders/s, {first_look / orders * 1000:.3f} ms CPU an order")
    world.wait_settled(300)
    costs(world, exporter.cpu_seconds() - at_start, exporter.peak_mb(), orders)
    world.check()
    world.stop()


def load_crash(world, sizes):
    """Many orders and kill -9 in the middle: nothing is lost, and within the bounds."""
    first = begin(world, sizes, **UNHURRIED)
    orders = sizes.finished + sizes.living
    world.request([(f"task-{n % 5}", f"order-{n:06d}") for n in range(orders)])
    wait_for("the work has begun", 120, lambda: world.written() > 2 * orders, every=0.02)
    cpu, peak = first.cpu_seconds(), first.peak_mb()
    world.kill(first)
    world.expect("the crash came in the middle of the work", world.lag() > 0)
    second = world.exporter(**UNHURRIED)
    world.wait_settled(300)
    costs(world, cpu + second.cpu_seconds(), max(peak, second.peak_mb()), orders)
    world.check(repeats=True, every_status=False)
    world.stop()


# Bounds on what a whole run may cost the exporter: the floor of such a job without group, state and
# comparison is 0.17 ms CPU an order.
MOST_CPU_MS, MOST_MEMORY_MB = 0.5, 200


def costs(world, cpu_seconds, peak_mb, orders):
    """Says and checks what a run cost."""
    each = cpu_seconds / orders * 1000
    world.expect(f"{each:.3f} ms CPU an order, at most {MOST_CPU_MS}", each <= MOST_CPU_MS)
    world.expect(f"{peak_mb:.0f} MB at its peak, at most {MOST_MEMORY_MB}", peak_mb <= MOST_MEMORY_MB)


# Scenarios by name, each with whether it uses the registry.
QUICK = {
    "settings": (wrong_settings, True),
    "bad-input": (bad_input, True),
    "registry": (whole, True),
    "plain": (whole_without_registry, False),
    "crashes": (crashes, True),
    "sigterm": (stopped_in_the_middle, False),
    "trouble": (trouble_at_the_api, False),
    "refused": (refused_account, True),
    "hints": (hints, False),
    **SECURITY_SHORT,
}
LOAD = {
    "load": (load, True),
    "load-plain": (load, False),
    "load-crash": (load_crash, True),
}
FAULTS = SECURITY
