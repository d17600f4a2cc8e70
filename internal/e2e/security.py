"""TLS, mutual TLS and SASL against a broker that really asks for them: wrong credentials and certificates are refused
by name, and rotated ones are used without a restart."""

import copy
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka.admin import (AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

import wire
from authority import Authority
from lab import START_SECONDS, command, free_port, services, wait_for
from proxy import Proxy
from world import SECRET

MODULE = "org.apache.kafka.common.security"
# What the broker says, at info, of each connection that it refuses.
SELECTOR = "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.network.Selector=info"
# The longest pause at Kafka is 5 s, and the library keeps a failure for up to 3 s; at the API an early pause is meant.
HEALED_SECONDS = 20


class SecuredKafka:
    """A broker with a listener for each kind of security, and the files that a client needs. World's own readers
    go on over a listener without any."""

    def __init__(self, world):
        self.folder = Path(tempfile.mkdtemp(prefix="secured-", dir=world.lab.folder))
        self.ca, self.stranger = (Authority(self.folder / name, name) for name in ("ca", "stranger"))
        self.ports = {name: free_port() for name in ("CLIENTS", "SASL", "MUTUAL", "OLD", "QUORUM")}
        self.proxies = {name: Proxy(self.ports[name]) for name in ("SASL", "MUTUAL")}
        self.at = {name: f"localhost:{self.proxies[name].port if name in self.proxies else port}"
                   for name, port in self.ports.items()}
        self.process = self._start(world)
        bootstrap = f"127.0.0.1:{self.ports['CLIENTS']}"
        wait_for("the secured broker answers", START_SECONDS, lambda: self.process.must_run() or wire.answers(bootstrap))
        world.lab = copy.copy(world.lab)
        world.lab.bootstrap, world.admin = bootstrap, AdminClient(wire.client(bootstrap))
        self.admin = world.admin

    def _start(self, world):
        settings = {
            "process.roles": "broker,controller", "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports['QUORUM']}",
            "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()),
            "advertised.listeners": f"CLIENTS://127.0.0.1:{self.ports['CLIENTS']}," + ",".join(
                f"{name}://{self.at[name]}" for name in ("SASL", "MUTUAL", "OLD")),
            "listener.security.protocol.map": "CLIENTS:PLAINTEXT,QUORUM:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL,OLD:SSL",
            "inter.broker.listener.name": "CLIENTS", "controller.listener.names": "QUORUM",
            "log.dirs": self.folder / "data", "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0, "group.min.session.timeout.ms": 1000,
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.sasl.plain.sasl.jaas.config": f'{MODULE}.plain.PlainLoginModule required user_plain="right";',
            "listener.name.sasl.scram-sha-256.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
            "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
            "ssl.truststore.type": "PEM", "ssl.truststore.location": self.ca.cert,
            "listener.name.mutual.ssl.client.auth": "required",
        }
        for name, ends_in in (("sasl", 86400), ("mutual", 86400), ("old", -60)):
            cert, key = self.ca.issue(f"broker-{name}", ends_in)
            store = self.folder / f"{name}.store"
            store.write_text(key.read_text() + cert.read_text())
            settings |= {f"listener.name.{name}.ssl.keystore.type": "PEM", f"listener.name.{name}.ssl.keystore.location": store}
        properties = self.folder / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        java = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", SELECTOR, "-cp", services() / "kafka/*"]
        command(*java, "kafka.tools.StorageTool", "format", "-t", "LabLabLabLabLabLabLabA", "-c", properties,
                "--add-scram", "SCRAM-SHA-512=[name=rotated,password=first]",
                "--add-scram", "SCRAM-SHA-256=[name=short,password=right]")
        return world.lab.start(f"{world.name}-kafka", ["java", "-Xms384m", "-Xmx384m", *java[1:], "kafka.Kafka", properties])

    def refusals(self, text):
        """How many connections the broker says it has refused, with a text in the line."""
        return sum("Failed authentication" in line and text in line for line in self.process.output().splitlines())

    def rotate(self, password):
        """Replaces the password of the user "rotated" at the broker."""
        change = UserScramCredentialUpsertion("rotated", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode())
        for done in self.admin.alter_user_scram_credentials([change]).values():
            done.result(20)

    def cut(self):
        """Cuts every connection of the clients, so that they log in anew."""
        for proxy in self.proxies.values():
            proxy.refuse()
            proxy.flow()

    def tls(self, listener, cert=None, key=None, ca=None):
        settings = {"KAFKA_BROKERS": self.at[listener], "KAFKA_TLS_ENABLED": "true", "KAFKA_TLS_CA_FILE": ca or self.ca.cert,
                    "KAFKA_TLS_CERT_FILE": cert, "KAFKA_TLS_KEY_FILE": key}
        return {name: value for name, value in settings.items() if value}

    def sasl(self, mechanism, user, password):
        file = password if isinstance(password, Path) else None
        return self.tls("SASL") | {"KAFKA_SASL_MECHANISM": mechanism, "KAFKA_SASL_USERNAME": user} | (
            {"KAFKA_SASL_PASSWORD_FILE": file} if file else {"KAFKA_SASL_PASSWORD": password})


def swap(path, text):
    """Replaces a file's content as Kubernetes and careful programs do: by a rename."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


# Whom a client meets that comes with something wrong: its settings, what its message must name, and what the broker
# says of it, None where it can't know.
def wrong_ways(kafka):
    over, stranger = kafka.ca.issue("over", ends_in=-60), kafka.stranger.issue("client")
    password, handshake = "the broker refuses them", "SSL handshake failed"
    return {
        "a wrong PLAIN password": (kafka.sasl("PLAIN", "plain", "wrong-pw"), password, "Invalid username or password"),
        "a wrong SCRAM-SHA-512 password": (kafka.sasl("SCRAM-SHA-512", "rotated", "wrong-pw"), password, "SASL mechanism SCRAM-SHA-512"),
        "an unknown SCRAM-SHA-256 user": (kafka.sasl("SCRAM-SHA-256", "nobody", "wrong-pw"), password, "SASL mechanism SCRAM-SHA-256"),
        "no certificate": (kafka.tls("MUTUAL"), "KAFKA_TLS_CERT_FILE", handshake),
        "a certificate that is over": (kafka.tls("MUTUAL", *over), "KAFKA_TLS_CERT_FILE", handshake),
        "a certificate of a stranger": (kafka.tls("MUTUAL", *stranger), "KAFKA_TLS_CERT_FILE", handshake),
        "an authority that did not sign the broker": (kafka.tls("SASL", ca=kafka.stranger.cert), "KAFKA_TLS_CA_FILE", handshake),
        "a broker whose certificate is over": (kafka.tls("OLD"), "the brokers' certificate is not valid", handshake),
        "a broker by a name it does not have": (
            kafka.tls("SASL") | {"KAFKA_BROKERS": f"127.0.0.1:{kafka.ports['SASL']}"}, "use a name in KAFKA_BROKERS", handshake),
        "no TLS where there is some": ({"KAFKA_BROKERS": kafka.at["SASL"]}, "KAFKA_TLS_ENABLED=true", handshake),
    }


def encrypted_to_nobody(kafka):
    """TLS to a listener without any. The broker hangs up, as one may that is starting, so it is tried for 30 s."""
    settings = kafka.tls("SASL") | {"KAFKA_BROKERS": f"127.0.0.1:{kafka.ports['CLIENTS']}"}
    return {"TLS where there is none": (settings, "KAFKA_TLS_ENABLED=false", None)}


def refused_at_start(world, kafka, patiently):
    """Each wrong way ends with 1 and a message that names what is wrong, where, and the mend; each right one works."""
    ways = wrong_ways(kafka) | (encrypted_to_nobody(kafka) if patiently else {})

    def ends(item):
        number, (settings, _, _) = item
        process = world.lab.start(f"{world.name}-wrong-{number}", [world.lab.binary, "run"],
                                  env=world.environment(**world.settings(HTTP_ADDR="off", **settings)))
        return process, process.popen.wait(40)
    with ThreadPoolExecutor(4) as starters:
        ended = list(starters.map(ends, enumerate(ways.values())))
    for (what, (_, named, _)), (process, code) in zip(ways.items(), ended):
        last = process.output().splitlines()[-1]
        world.expect(f"{what}: ends with 1, and {named!r} is said", code == 1 and named in last, f"{code}: {process.tail()}")
        world.expect(f"{what}: no password is shown", "wrong-pw" not in process.output())
    for text in {broker for _, _, broker in ways.values() if broker}:
        least = sum(broker == text for _, _, broker in ways.values())
        world.expect(f"the broker has refused at least {least}: {text}", kafka.refusals(text) >= least, kafka.process.tail(40))
    for name, right in {"plain": kafka.sasl("PLAIN", "plain", "right"), "scram": kafka.sasl("SCRAM-SHA-256", "short", "right")}.items():
        command(world.lab.binary, "request", "--task", "by-hand", name, env=world.environment(**world.settings(**right)))
        world.asked.add(("by-hand", name))


def said(exporter, text, after):
    """Whether an exporter has said something since its log was so long."""
    return text in exporter.output()[after:]


def rotation(world, kafka, scram, mutual, password, orders, lives):
    """A password is replaced at the broker and a certificate ends, and every connection is cut: both instances are
    refused, say so, and are not ready; with the new files they go on, and what was asked meanwhile is done."""
    marks = {e: len(e.output()) for e in (scram, mutual)}
    refused = {text: kafka.refusals(text) for text in ("SCRAM-SHA-512", "SSL handshake failed")}
    wait_for("the certificate is over", 60, lambda: time.time() > mutual.cert_ends + 1)
    kafka.rotate(password)
    kafka.cut()
    world.request(orders)
    for exporter, named in ((scram, "KAFKA_SASL_MECHANISM: the broker refuses them"), (mutual, "this client's certificate has expired"),
                            (mutual, "the broker refuses this client's certificate")):
        wait_for(f"{exporter.name} says: {named}", 20, lambda: said(exporter, named, marks[exporter]))
        wait_for(f"{exporter.name} is not ready", 20, lambda: world.readiness(exporter)[0] == 503)
    for text, before in refused.items():
        world.expect(f"the broker refuses: {text}", kafka.refusals(text) > before, kafka.process.tail(20))
    lag = world.lag()
    world.expect(f"{lag} requests wait", lag > 0)
    healing = time.monotonic()
    swap(scram.password, password + "\n")
    cert, key = kafka.ca.issue(f"client-{password}", ends_in=lives)
    mutual.cert_ends = time.time() + lives
    swap(mutual.cert, cert.read_text())
    time.sleep(0.3)  # a moment of half a pair: certificate and key don't match
    swap(mutual.key, key.read_text())
    for exporter in (scram, mutual):
        wait_for(f"{exporter.name} is ready again", HEALED_SECONDS, lambda: world.readiness(exporter)[0] == 200)
        world.expect(f"{exporter.name} was not restarted", exporter.running())
    world.say(f"      both are ready {time.monotonic() - healing:.1f} s after the files were replaced")
    shown = [e.name for e in (scram, mutual) if any(secret in e.output() for secret in (password, "first", "PRIVATE KEY", SECRET))]
    world.expect("no log shows a secret", not shown, shown)


def key_rotation(world, exporter, orders):
    """A key that the API does not know yet stands in the file, then the right one."""
    swap(world.secret_file, "not known yet\n")
    world.request(orders)

    def refused():
        status, text = world.readiness(exporter)
        return status == 503 and "account-refused" in text
    wait_for("the API refuses the key in the file", 20, refused)
    world.expect("nothing is a dead letter", not world.dead_letters())
    began = time.monotonic()
    swap(world.secret_file, SECRET + "\n")
    wait_for("the key in the file is taken", 45, lambda: world.readiness(exporter)[0] == 200)
    world.say(f"      the API answers {time.monotonic() - began:.1f} s after the key's file was replaced")


def secured(world, sizes, rounds=1, lives=12, finished=1.0, count=120):
    """Wrong credentials and certificates are refused by name; a rotated password, certificate and API key are used
    without a restart, and nothing is lost."""
    del sizes
    kafka = SecuredKafka(world)
    world.simulate(finished, 40)
    refused_at_start(world, kafka, patiently=rounds > 1)
    password = kafka.folder / "password"
    password.write_text("first\n")
    ended = time.time() + lives
    cert, key = kafka.ca.issue("client", ends_in=lives)
    common = {"KAFKA_ASSIGNMENT": "spread", "KAFKA_SESSION_TIMEOUT": "3s", "BATCH_SIZE": 20}
    scram = world.exporter(**common, **kafka.sasl("SCRAM-SHA-512", "rotated", password))
    mutual = world.exporter(**common, **kafka.tls("MUTUAL", cert, key))
    scram.password, mutual.cert, mutual.key, mutual.cert_ends = password, cert, key, ended
    world.request([("before", f"before-{n}") for n in range(count)])
    world.wait_done()
    for turn in range(rounds):
        rotation(world, kafka, scram, mutual, f"rotated-pw-{turn}", [("amid", f"amid-{turn}-{n}") for n in range(count)],
                 lives if turn < rounds - 1 else 86400)
    key_rotation(world, scram, [("keyed", f"keyed-{n}") for n in range(count)])
    world.wait_settled()
    world.check(repeats=True, every_status=False)
    world.stop()
    for proxy in kafka.proxies.values():
        proxy.close()


def secured_long(world, sizes):
    """The same, five rotations in a row, while orders live."""
    secured(world, sizes, rounds=5, finished=0.7, count=200)


# By name, each with whether it uses the registry, as in scenarios.py.
SECURITY_SHORT = {"security": (secured, False)}
SECURITY = {"security-long": (secured_long, False)}
