"""Reads what callstream wrote, with clients and codecs that share no code with it: librdkafka
for the log, fastavro for the values, and Java's murmur2 written from its definition.
"""

import io
import json
import time
from collections import namedtuple

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

from lab import Failure, http

Record = namedtuple("Record", "topic partition offset timestamp key value headers")

SINGLE_OBJECT = b"\xc3\x01"  # Avro 1.11, "Single-object encoding": marker, then the fingerprint
CONFLUENT = b"\x00"  # Confluent wire format: magic byte, then the schema's ID in 4 bytes

STANDSTILL_SECONDS = 30  # a broker that hands out nothing for so long is not just busy


def client(bootstrap, **settings):
    """Settings of a client of librdkafka. Its own log is off: what fails raises, and brokers that end
    with the run are no news."""
    return {"bootstrap.servers": bootstrap, "log_level": 0, **settings}


def answers(bootstrap):
    """Whether a broker answers there."""
    try:
        return AdminClient(client(bootstrap)).list_topics(timeout=2).brokers
    except KafkaException:
        return False


def murmur2(data):
    """Murmur2 as Java's Kafka client computes it: 32 bits, seed 0x9747b28c, signed."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    h ^= h >> 15
    return h - (1 << 32) if h >> 31 else h


def home(key, partitions):
    """The partition Java's default partitioner gives a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def without_logical_types(schema):
    """The same schema with plain numbers, so that times stay the milliseconds they are."""
    if isinstance(schema, dict):
        return {k: without_logical_types(v) for k, v in schema.items() if k != "logicalType"}
    if isinstance(schema, list):
        return [without_logical_types(s) for s in schema]
    return schema


def crc64(schema):
    """The CRC-64-AVRO fingerprint of a schema, in the byte order of the encoding."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def released_schemas(folder):
    """The schemas of the repository by their full name."""
    found = {}
    for path in sorted(folder.glob("*.avsc")):
        schema = json.loads(path.read_text())
        found[f'{schema["namespace"]}.{schema["name"]}'] = schema
    return found


class Decoder:
    """Avro values to records. With a registry they must be in Confluent framing, without in
    single-object encoding: the wrong one is an error."""

    def __init__(self, schemas, registry_url=None):
        self.registry_url = registry_url
        self.released = released_schemas(schemas)
        self.by_fingerprint = {crc64(s): self.reader(s) for s in self.released.values()}
        self.by_id = {}

    @staticmethod
    def reader(schema):
        return f'{schema["namespace"]}.{schema["name"]}', parse_schema(without_logical_types(schema))

    def registered(self, number):
        if number not in self.by_id:
            status, text = http(f"{self.registry_url}/schemas/ids/{number}")
            if status != 200:
                raise Failure(f"schema {number}: the registry says {status}")
            schema = json.loads(json.loads(text)["schema"])
            name = f'{schema["namespace"]}.{schema["name"]}'
            if name not in self.released:
                raise Failure(f"schema {number} is {name}, which schemas/ doesn't have")
            if crc64(schema) != crc64(self.released[name]):
                raise Failure(f"schema {number} differs from {name} in schemas/")
            self.by_id[number] = self.reader(schema)
        return self.by_id[number]

    def single_object(self, value):
        """The schema's name and the record of a value in single-object encoding."""
        if value[:2] != SINGLE_OBJECT or value[2:10] not in self.by_fingerprint:
            raise Failure(f"not single-object encoding of a released schema: {value[:10].hex()}")
        name, schema = self.by_fingerprint[value[2:10]]
        return name, self.record(schema, value[10:])

    def event(self, value):
        """The schema's name and the record of an event."""
        if not self.registry_url:
            return self.single_object(value)
        if value[:1] != CONFLUENT:
            raise Failure(f"not Confluent framing: {value[:5].hex()}")
        name, schema = self.registered(int.from_bytes(value[1:5], "big"))
        return name, self.record(schema, value[5:])

    @staticmethod
    def record(schema, data):
        stream = io.BytesIO(data)
        record = fastavro.schemaless_reader(stream, schema, None)
        if stream.read(1):
            raise Failure("bytes behind the Avro value")
        return record


def encode(schema, record, number):
    """A record in Confluent framing, under a registered schema's ID."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, schema, record)
    return CONFLUENT + number.to_bytes(4, "big") + stream.getvalue()


def partitions_of(client, topic):
    """How many partitions a topic has; 0 where it doesn't exist."""
    found = client.list_topics(topic, timeout=10).topics[topic]
    return 0 if found.error else len(found.partitions)


def end_offsets(bootstrap, topics):
    """The end of every partition: {topic: {partition: offset}}."""
    consumer = Consumer(client(bootstrap, **{"group.id": "e2e-ends"}))
    try:
        return {topic: {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1]
                        for p in range(partitions_of(consumer, topic))} for topic in topics}
    finally:
        consumer.close()


def committed(bootstrap, group, topic):
    """What a group has committed: {partition: offset}; -1001 for none."""
    consumer = Consumer(client(bootstrap, **{"group.id": group}))
    try:
        wanted = [TopicPartition(topic, p) for p in range(partitions_of(consumer, topic))]
        return {tp.partition: tp.offset for tp in consumer.committed(wanted, timeout=10)}
    finally:
        consumer.close()


def read_all(bootstrap, topic):
    """Every record of a topic from the beginning to its present end, by partition and offset."""
    consumer = Consumer(client(bootstrap, **{"group.id": "e2e-reader", "enable.auto.commit": False,
                                           "enable.partition.eof": True}))
    try:
        count = partitions_of(consumer, topic)
        if not count:
            raise Failure(f"topic {topic} does not exist")
        consumer.assign([TopicPartition(topic, p, 0) for p in range(count)])
        records, open_partitions, progress = [], set(range(count)), time.monotonic()
        while open_partitions:
            # consume() waits for a full batch or the whole timeout, so that is short.
            batch = consumer.consume(2000, timeout=0.1)
            if batch:
                progress = time.monotonic()
            elif time.monotonic() - progress > STANDSTILL_SECONDS:
                raise Failure(f"reading {topic} stands still")
            for message in batch:
                if message.error():
                    if message.error().code() != KafkaError._PARTITION_EOF:
                        raise Failure(f"read {topic}: {message.error()}")
                    open_partitions.discard(message.partition())
                    continue
                records.append(Record(topic, message.partition(), message.offset(), message.timestamp()[1],
                                      message.key(), message.value(), message.headers() or []))
        records.sort(key=lambda r: (r.partition, r.offset))
        return records
    finally:
        consumer.close()
