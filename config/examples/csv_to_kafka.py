#!/usr/bin/env python3
"""Plays a CSV as a live stream: each row is an event, and its last column is a label that comes later, some sooner than others.

    pip install confluent-kafka
    config/examples/csv_to_kafka.py --brokers localhost:9092 --model payments --data payments.csv --rate 200 --delay 300

Whoever has a stream of their own does not need this: it shows what the messages look like. See docs/tutorial.md.
"""

import argparse
import csv
import heapq
import json
import random
import time
from datetime import datetime, timezone

from confluent_kafka import Producer


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brokers", default="localhost:9092")
    parser.add_argument("--model", required=True, help="prefix of the topics: MODEL.events and MODEL.labels")
    parser.add_argument("--data", required=True, help="a CSV with a header; the last column is the label")
    parser.add_argument("--rate", type=float, default=200, help="rows a second")
    parser.add_argument("--delay", type=int, default=300, help="rows from an event to its label, give or take half")
    return parser.parse_args()


def value(text):
    """A missing value is null; what reads as a number or a truth value is one; the rest is a category."""
    if text == "":
        return None
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def now():
    return datetime.now(timezone.utc).isoformat()


def main():
    asked = arguments()
    producer = Producer({"bootstrap.servers": asked.brokers, "linger.ms": 20})

    def send(topic, message):
        # A key keeps the messages of one id in order, whatever the number of partitions.
        producer.produce(f"{asked.model}.{topic}", json.dumps(message), key=message["id"])
        producer.poll(0)

    def tell(until):
        while waiting and waiting[0][0] <= until:
            _, event, label = heapq.heappop(waiting)
            send("labels", {"id": event, "time": now(), "label": label})

    waiting = []
    chance = random.Random(7)
    began = time.monotonic()
    with open(asked.data, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        *names, _ = next(rows)
        for sent, row in enumerate(rows):
            # When this row is due, whatever the last one took.
            time.sleep(max(0.0, began + sent / asked.rate - time.monotonic()))
            event = f"row-{sent}"
            features = {name: value(text) for name, text in zip(names, row)}
            send("events", {"id": event, "time": now(), "features": features})
            heapq.heappush(waiting, (sent + asked.delay * chance.uniform(0.5, 1.5), event, row[-1]))
            tell(sent)
    producer.flush()


if __name__ == "__main__":
    main()
