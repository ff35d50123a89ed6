"""Writes records in the form of the agent's, by DuckDB: none of the code under test.

    records.py 2011|2007 FOLDER

2011: February to July 2011 and July 2010. July has 102,888 accesses from 46,222 sources at ten points, and
2 July is maintenance, with packets of its own that no figure may count.
2007: May to October 2007 and October 2006. October has 278,497 accesses.

Every number follows from the tables below by arithmetic: each run writes the same rows.
"""

import calendar
import datetime
import hashlib
import pathlib
import shutil
import sys

import duckdb

POINTS = [f"point-{n:02}" for n in range(1, 11)]

# Port types: protocol, port, then (weight of sources, weight of accesses) per month.
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58

COUNTRIES = {"CN": 30, "US": 18, "JP": 14, "TW": 8, "KR": 6, "RU": 6, "BR": 4, "DE": 3, "TH": 3, "IN": 3, "ZZ": 3, "FR": 2}
JAPANESE = {"JP": 60, "CN": 12, "US": 9, "TW": 6, "KR": 5, "RU": 3, "ZZ": 3, "BR": 2}
AMERICAN_CHINESE = {"US": 55, "CN": 41, "NL": 2, "ZZ": 2}

YEAR_2011 = {
    # month: (accesses, sources, {port type: (protocol, port, sources weight, accesses weight)})
    "2010-07": (151_300, 70_110, {"445/tcp": 5200, "135/tcp": 700, "22/tcp": 260, "1433/tcp": 700, "Ping (ICMP)": 650, "80/tcp": 150, "3306/tcp": 110, "23/tcp": 90, "8080/tcp": 60, "1434/udp": 140}),
    "2011-02": (131_020, 60_412, {"445/tcp": 4700, "1433/tcp": 620, "Ping (ICMP)": 610, "22/tcp": 330, "9415/tcp": 280, "80/tcp": 170, "135/tcp": 260, "3306/tcp": 120, "3389/tcp": 90, "8080/tcp": 70, "1434/udp": 90, "23/tcp": 60, "5060/udp": 50}),
    "2011-03": (139_875, 63_880, {"445/tcp": 4900, "1433/tcp": 640, "Ping (ICMP)": 620, "22/tcp": 340, "9415/tcp": 300, "80/tcp": 180, "135/tcp": 250, "3306/tcp": 125, "3389/tcp": 95, "8080/tcp": 75, "1434/udp": 80, "23/tcp": 60, "5060/udp": 60}),
    "2011-04": (127_930, 58_210, {"445/tcp": 4500, "1433/tcp": 600, "Ping (ICMP)": 600, "22/tcp": 350, "9415/tcp": 290, "80/tcp": 180, "135/tcp": 230, "3306/tcp": 130, "3389/tcp": 100, "8080/tcp": 75, "1434/udp": 70, "23/tcp": 60, "5060/udp": 60}),
    "2011-05": (142_600, 64_925, {"445/tcp": 5100, "1433/tcp": 650, "Ping (ICMP)": 640, "22/tcp": 360, "9415/tcp": 300, "80/tcp": 190, "135/tcp": 220, "3306/tcp": 130, "3389/tcp": 110, "8080/tcp": 80, "1434/udp": 60, "23/tcp": 60, "5060/udp": 70}),
    "2011-06": (137_440, 61_530, {"445/tcp": 4900, "1433/tcp": 640, "Ping (ICMP)": 630, "22/tcp": 370, "9415/tcp": 310, "80/tcp": 190, "135/tcp": 210, "3306/tcp": 135, "3389/tcp": 115, "8080/tcp": 80, "1434/udp": 50, "23/tcp": 60, "5060/udp": 70}),
    "2011-07": (102_888, 46_222, {"445/tcp": 2900, "1433/tcp": 600, "Ping (ICMP)": 610, "22/tcp": 380, "9415/tcp": 320, "80/tcp": 200, "135/tcp": 200, "11083/tcp": 190, "3306/tcp": 140, "3389/tcp": 130, "8080/tcp": 80, "1434/udp": 45, "23/tcp": 65, "5060/udp": 75}),
}

YEAR_2007 = {
    "2006-10": (331_870, 92_140, {"135/tcp": 3100, "445/tcp": 2500, "Ping (ICMP)": 900, "1026/udp": 640, "1027/udp": 380, "1433/tcp": 300, "139/tcp": 300, "1434/udp": 240, "22/tcp": 90, "2967/tcp": 20, "4899/tcp": 40}),
    "2007-05": (291_560, 79_410, {"135/tcp": 2500, "445/tcp": 2000, "Ping (ICMP)": 800, "1026/udp": 600, "1027/udp": 350, "1433/tcp": 290, "139/tcp": 260, "2967/tcp": 210, "1434/udp": 180, "22/tcp": 110, "4899/tcp": 40, "80/tcp": 30}),
    "2007-06": (285_020, 77_025, {"135/tcp": 2450, "445/tcp": 1950, "Ping (ICMP)": 790, "1026/udp": 590, "1027/udp": 340, "1433/tcp": 285, "139/tcp": 250, "2967/tcp": 200, "1434/udp": 175, "22/tcp": 115, "4899/tcp": 40, "80/tcp": 30}),
    "2007-07": (280_110, 75_330, {"135/tcp": 2400, "445/tcp": 1900, "Ping (ICMP)": 780, "1026/udp": 580, "1027/udp": 340, "1433/tcp": 280, "139/tcp": 245, "2967/tcp": 190, "1434/udp": 170, "22/tcp": 120, "4899/tcp": 40, "80/tcp": 30}),
    "2007-08": (270_845, 72_870, {"135/tcp": 2300, "445/tcp": 1800, "Ping (ICMP)": 770, "1026/udp": 570, "1027/udp": 330, "1433/tcp": 275, "139/tcp": 240, "2967/tcp": 180, "1434/udp": 165, "22/tcp": 120, "4899/tcp": 40, "80/tcp": 30}),
    "2007-09": (255_990, 66_710, {"135/tcp": 2200, "445/tcp": 1700, "Ping (ICMP)": 760, "1026/udp": 560, "1027/udp": 330, "1433/tcp": 270, "139/tcp": 235, "2967/tcp": 170, "1434/udp": 160, "22/tcp": 125, "4899/tcp": 40, "80/tcp": 30}),
    "2007-10": (278_497, 72_177, {"135/tcp": 2600, "445/tcp": 2100, "Ping (ICMP)": 760, "1026/udp": 560, "1027/udp": 330, "1433/tcp": 270, "139/tcp": 230, "2967/tcp": 170, "1434/udp": 155, "22/tcp": 130, "4899/tcp": 40, "80/tcp": 30}),
}

MAINTENANCE = {"2011": datetime.date(2011, 7, 2), "2007": None}

# Packets per source, more or less: what a port's share of accesses is over its share of sources.
LOUD = {"445/tcp": 2, "135/tcp": 4, "11083/tcp": 9, "22/tcp": 5, "Ping (ICMP)": 1}

ROWS = """
CREATE TABLE spread AS
SELECT *, (j * 2654435761 + seed * 40503 + 12345) % 2147483647 AS x,
       (j * 1597334677 + seed * 69069 + 777) % 2147483629 AS y
FROM allotted, LATERAL (SELECT unnest(range(sources)) AS j);

CREATE TABLE sent AS
SELECT class, protocol, port, port_type, accesses, sources, month, seed, j,
       days[1 + (x // 7) % len(days)] AS date,
       points[1 + (y // 11) % len(points)] AS point,
       countries[1 + (x // 3 + y) % len(countries)] AS country,
       CASE WHEN y % 211 = 0 THEN 300 WHEN y % 17 = 0 THEN 12 ELSE 1 END AS loud
FROM spread;

-- Of a port's accesses each source has one, and of the rest its part.
CREATE TABLE loudness AS
SELECT *, sum(loud) OVER (PARTITION BY class, month, port_type ORDER BY j) AS upto,
       sum(loud) OVER (PARTITION BY class, month, port_type) AS whole,
       row_number() OVER (PARTITION BY date, point, class, port_type ORDER BY country, j) AS place
FROM sent;

CREATE TABLE source_rows AS
SELECT date, point, class, protocol::INTEGER AS protocol, port::INTEGER AS port, port_type,
       CASE WHEN protocol = 58 OR (port = 22 AND protocol = 6 AND place % 9 = 0)
            THEN '2001:db8:' || printf('%x', (place * 37 + day(date) * 5) % 4096) || '::' || printf('%x', 1 + place % 7)
            ELSE '198.' || (18 + (address // 65536) % 2) || '.' || (address // 256) % 256 || '.' || address % 256 END AS source,
       packets::BIGINT AS packets,
       epoch_ms((epoch(date)::BIGINT + (j * 7919) % 80000) * 1000)::TIMESTAMPTZ AS first_seen,
       epoch_ms((epoch(date)::BIGINT + (j * 7919) % 80000 + 600) * 1000)::TIMESTAMPTZ AS last_seen,
       CASE WHEN port_type = '23/tcp' AND place % 2 = 0 THEN 'mirai'
            WHEN class = 'access' AND protocol = 6 AND place % 13 = 0 THEN 'zmap'
            WHEN class = 'access' AND protocol = 6 AND place % 29 = 0 THEN 'masscan' ELSE '' END AS marks,
       country,
       CASE country WHEN 'ZZ' THEN NULL WHEN 'CN' THEN 4134 WHEN 'US' THEN 7922 WHEN 'JP' THEN 4713
            ELSE 64500 + length(port_type) END::BIGINT AS asn,
       CASE country WHEN 'ZZ' THEN NULL WHEN 'CN' THEN 'CHINANET-BACKBONE' WHEN 'US' THEN 'COMCAST-7922'
            WHEN 'JP' THEN 'OCN NTT' ELSE 'EXAMPLE-' || (64500 + length(port_type)) END AS as_name
FROM (SELECT *, 1 + (accesses - sources) * upto // whole - (accesses - sources) * (upto - loud) // whole AS packets,
             (place * 61 + (seed * 31 + day(date)) % 97) % 131072 AS address FROM loudness);

CREATE TABLE port_rows AS
SELECT date, point, class, protocol, port, port_type, country,
       sum(packets)::BIGINT AS packets, count(*)::BIGINT AS sources,
       count(DISTINCT CASE WHEN source LIKE '%:%' THEN regexp_extract(source, '^(.*)::', 1) ELSE source END)::BIGINT AS sources_64,
       0::BIGINT AS overflow_packets
FROM source_rows GROUP BY ALL;
"""

COVERAGE = """
SELECT d.date, d.point, '203.0.113.' || d.n || ' 00:00-24:00' AS addresses, 'Asia/Tokyo' AS timezone,
       86400::BIGINT AS expected_seconds,
       CASE WHEN d.maintenance THEN 0 ELSE 86400 END::BIGINT AS observed_seconds,
       CASE WHEN d.maintenance THEN 86400 ELSE 0 END::BIGINT AS maintenance_seconds,
       CASE WHEN d.maintenance THEN 'maintenance' ELSE 'full' END AS status,
       CASE WHEN d.maintenance THEN 'maintenance work' ELSE '' END AS note,
       (4 + 30 + coalesce(b, 0) + coalesce(s, 0) + coalesce(a, 0))::BIGINT AS seen,
       4::BIGINT AS non_ip, 0::BIGINT AS malformed, 0::BIGINT AS link_control, 0::BIGINT AS elsewhere,
       0::BIGINT AS excluded, 30::BIGINT AS solicited,
       coalesce(b, 0)::BIGINT AS backscatter, coalesce(s, 0)::BIGINT AS stray, coalesce(a, 0)::BIGINT AS access,
       0::BIGINT AS overflow, 0::BIGINT AS missed, 0::BIGINT AS conversations_forgotten,
       false AS sources_lower_bound, 'plain' AS sources_form, 'native' AS xdp_mode, 'live' AS mode, 'pass' AS verdict,
       '6.18.0' AS kernel, '0.1.0' AS agent_version, 1::INTEGER AS definition,
       'dbip-country-lite' AS country_database, 'dbip-asn-lite' AS asn_database,
       make_date(year(d.date), month(d.date), 1) AS country_database_date,
       make_date(year(d.date), month(d.date), 1) AS asn_database_date,
       h.sources_sha256, h.ports_sha256,
       (d.date::TIMESTAMP + INTERVAL 1 DAY + INTERVAL 1 MINUTE)::TIMESTAMPTZ AS closed_at
FROM days d JOIN hashes h USING (date, point) LEFT JOIN (
    SELECT date, point, sum(packets) FILTER (class = 'access') AS a, sum(packets) FILTER (class = 'backscatter') AS b,
           sum(packets) FILTER (class = 'stray') AS s
    FROM port_rows GROUP BY ALL) USING (date, point)
"""


def parts(whole, weights):
    """A whole in integer parts by weight, the largest remainders first."""
    total = sum(weights)
    exact = [(whole * weight) // total for weight in weights]
    left = whole - sum(exact)
    order = sorted(range(len(weights)), key=lambda i: (-((whole * weights[i]) % total), i))
    for i in order[:left]:
        exact[i] += 1
    return exact


def aim(port_type):
    if port_type.startswith("Ping (ICMPv6)"):
        return ICMPV6, 128
    if port_type.startswith("Ping"):
        return ICMP, 8
    port, protocol = port_type.split("/")
    return {"tcp": TCP, "udp": UDP}[protocol], int(port)


def days_of(month):
    year, number = map(int, month.split("-"))
    last = calendar.monthrange(year, number)[1]
    return [datetime.date(year, number, day) for day in range(1, last + 1)]


def wheel(weights):
    """Names as often as they weigh, mixed."""
    names = [name for name, weight in weights.items() for _ in range(weight)]
    return [names[(i * 37) % len(names)] for i in range(len(names))] if len(names) % 37 else names


def allot(months, maintenance):
    """(class, protocol, port, port type, accesses, sources, month, seed, days, points, countries)."""
    rows = []
    for month, (accesses, sources, ports) in months.items():
        every = days_of(month)
        days = [day for day in every if day != maintenance]
        of_sources = parts(sources, list(ports.values()))
        extra = parts(accesses - sources, [weight * LOUD.get(port, 3) for port, weight in ports.items()])
        for seed, (port_type, own, more) in enumerate(zip(ports, of_sources, extra)):
            single = port_type == "11083/tcp"
            countries = AMERICAN_CHINESE if single else JAPANESE if port_type in ("135/tcp", "445/tcp") else COUNTRIES
            rows.append((
                "access", *aim(port_type), port_type, own + more, own, month, seed,
                [day for day in days if not single or day.day >= 3],
                ["point-07"] if single else POINTS, wheel(countries)))
        seed = len(ports)
        for class_, port_type, packets, own in (
            ("backscatter", "80/tcp", 2 * accesses // 100, accesses // 300),
            ("backscatter", "53/udp", accesses // 200, accesses // 900),
            ("stray", "443/tcp", accesses // 150, accesses // 500),
        ):
            seed += 1
            rows.append((class_, *aim(port_type), port_type, packets, own, month, seed, days, POINTS, wheel(COUNTRIES)))
        if maintenance in every:
            rows.append(("access", TCP, 4444, "4444/tcp", 5_000, 1_000, month, 99, [maintenance], POINTS, wheel(COUNTRIES)))
    return rows


def write(db, query, table, folder):
    """A file for each day and point, at its place."""
    parts_of = folder / "parts"
    db.execute(
        f"COPY (SELECT *, date AS d, point AS p FROM ({query})) TO '{parts_of}' "
        "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (d, p), OVERWRITE)")
    hashes = []
    for part in sorted(parts_of.glob("d=*/p=*")):
        files = list(part.glob("*.parquet"))
        assert len(files) == 1, files
        day, point = part.parent.name[2:], part.name[2:]
        target = folder / table / f"day={day}" / f"{point}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        files[0].rename(target)
        hashes.append((day, point, hashlib.sha256(target.read_bytes()).hexdigest()))
    shutil.rmtree(parts_of)
    return hashes


def main(which, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    months, maintenance = {"2011": YEAR_2011, "2007": YEAR_2007}[which], MAINTENANCE[which]
    db = duckdb.connect()
    db.execute("SET threads = 1; SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
    db.execute(
        "CREATE TABLE allotted (class TEXT, protocol BIGINT, port BIGINT, port_type TEXT, accesses BIGINT, sources BIGINT, "
        "month TEXT, seed BIGINT, days DATE[], points TEXT[], countries TEXT[])")
    db.executemany(f"INSERT INTO allotted VALUES ({', '.join('?' * 11)})", allot(months, maintenance))
    db.execute(ROWS)
    order = "ORDER BY date, point, class, protocol, port NULLS LAST"
    sources = write(db, f"SELECT * FROM source_rows {order}, source", "sources", folder)
    ports = write(db, f"SELECT * FROM port_rows {order}, country", "ports", folder)
    db.execute("CREATE TABLE hashes (date DATE, point TEXT, sources_sha256 TEXT, ports_sha256 TEXT)")
    both = {(day, point): [digest] for day, point, digest in sources}
    for day, point, digest in ports:
        both[day, point].append(digest)
    db.executemany("INSERT INTO hashes VALUES (?, ?, ?, ?)", [(*key, *digests) for key, digests in both.items()])
    db.execute("CREATE TABLE days (date DATE, point TEXT, n INTEGER, maintenance BOOLEAN)")
    db.executemany("INSERT INTO days VALUES (?, ?, ?, ?)", [
        (day, point, n, day == maintenance)
        for month in months for day in days_of(month) for n, point in enumerate(POINTS, 1)])
    for day, point, digest in write(db, COVERAGE + " ORDER BY d.date, d.point", "coverage", folder):
        beside = folder / "coverage" / f"day={day}" / f"_{point}.sha256"
        beside.write_text(f"{digest}  {point}.parquet\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
