"""Databases and answers by code that is not ours: PyPI's mmdb_writer writes, maxminddb reads.

    oracle.py write FOLDER SEED               geolite.mmdb, ipinfo.mmdb, four.mmdb
    oracle.py read COUNTRY ASN SEED NUMBER    addresses and what is known of them, a line each
"""

import ipaddress
import itertools
import random
import sys

import maxminddb


def write(folder, seed):
    from mmdb_writer import MMDBWriter
    from netaddr import IPNetwork, IPSet

    rng = random.Random(seed)
    countries = ["JP", "NL", "US", "BR", "KE", "-", "None", "jp"]

    def networks(families):
        # From the longest prefix's ancestors on, so that networks lie within each other.
        lengths = {4: range(6, 33), 6: range(16, 129)}
        found = []
        for _ in range(3000):
            family = rng.choice(families)
            bits = 32 if family == 4 else 128
            length = rng.choice(lengths[family])
            start = 1 << 29 if family == 4 else 0x2000 << 112
            few = rng.getrandbits(10) << (bits - 16)
            address = (start + few + rng.getrandbits(bits - 16)) >> (bits - length) << (bits - length)
            found.append((length, IPNetwork((address, length) if family == 4 else f"{ipaddress.IPv6Address(address)}/{length}")))
        return [network for _, network in sorted(found, key=lambda pair: pair[0])]

    def geolite():
        record = {"continent": {"code": "AS"}, "location": {"latitude": 35.7}}
        if rng.random() < 0.8:
            record["country"] = {"geoname_id": rng.getrandbits(20), "iso_code": rng.choice(countries), "names": {"en": "x" * rng.randrange(400)}}
        if rng.random() < 0.8:
            record["autonomous_system_number"] = rng.choice([0, 2, 64496, 4294967295])
            record["autonomous_system_organization"] = rng.choice(["", "Example, Inc.", "東京", "y" * 300])
        return record

    def ipinfo():
        record = {"asn": rng.choice(["", "AS", "AS0", "AS64497", "AS4294967295", "64498"]), "name": "A name"}
        if rng.random() < 0.5:
            record["as_name"] = rng.choice(["", "Third"])
        record[rng.choice(["country", "country_code"])] = rng.choice(countries)
        return record

    for name, families, make in (("geolite", [4, 6], geolite), ("ipinfo", [4, 6], ipinfo), ("four", [4], geolite)):
        version = max(families)
        writer = MMDBWriter(version, ipv4_compatible=version == 6, database_type=name)
        for network in networks(families):
            writer.insert_network(IPSet([network]), make())
        writer.to_db_file(f"{folder}/{name}.mmdb")


def code_of(record):
    for value in (record.get("country_code"), record.get("country")):
        if isinstance(value, dict):
            value = value.get("iso_code")
        if isinstance(value, str) and len(value) == 2 and value.isascii() and value.isupper() and value.isalpha():
            return value
    return "ZZ"


def network_of(record):
    for value in (record.get("autonomous_system_number"), record.get("asn")):
        if isinstance(value, str):
            value = value.removeprefix("AS")
            value = int(value) if value.isdigit() else 0
        if value:
            names = (record.get(name) for name in ("autonomous_system_organization", "as_name", "name"))
            return value, next((name for name in names if name), "")
    return "", ""


def read(country_file, asn_file, seed, number):
    rng = random.Random(seed)
    country = maxminddb.open_database(country_file)
    asn = country if asn_file == country_file else asn_file and maxminddb.open_database(asn_file)
    # Where two networks meet is where a reader errs.
    edges = []
    for database in filter(None, {country, asn}):
        step = 1 + database.metadata().node_count // 50_000
        for network, _ in itertools.islice(database, 0, None, step):
            first, last = int(network[0]), int(network[-1])
            kind = type(network[0])
            top = 2 ** kind(0).max_prefixlen - 1
            edges += [(kind, min(max(at, 0), top)) for at in (first - 1, first, last, last + 1)]
    rng.shuffle(edges)
    for _ in range(number):
        draw = rng.random()
        if draw < 0.4 and edges:
            kind, value = edges.pop()
        elif draw < 0.65:
            kind, value = ipaddress.IPv4Address, rng.getrandbits(32)
        elif draw < 0.9:
            kind, value = ipaddress.IPv6Address, (0x2000 + rng.getrandbits(13) << 112) | rng.getrandbits(112)
        elif draw < 0.95:
            kind, value = ipaddress.IPv6Address, rng.getrandbits(128)
        else:
            # Mapped, 6to4 and Teredo.
            start = rng.choice([0xFFFF << 32, 0x2002 << 112, 0x20010000 << 96, 0])
            kind, value = ipaddress.IPv6Address, start | rng.getrandbits(112 if start >> 112 else 32)
        address = kind(value)

        def ask(database):
            if database is None or database is False or database == "":
                return {}
            if address.version == 6 and database.metadata().ip_version == 4:
                return {}
            return database.get(address) or {}

        print(address, code_of(ask(country)), *network_of(ask(asn)), sep="\t")


command, *words = sys.argv[1:]
if command == "write":
    write(words[0], int(words[1]))
else:
    read(words[0], words[1], int(words[2]), int(words[3]))
