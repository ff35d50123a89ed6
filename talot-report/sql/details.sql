-- What the queries of the figures share about the ports that they look at more closely: the most accessed
-- ones of the month and of the month before, those that moved most, and those in focus.

-- The days of points whose sources are a lower bound, by month: some found no room.
CREATE TABLE lower_bounds AS
SELECT d.ago, COUNT(*) AS point_days
FROM coverage c
JOIN counted d ON d.date = c.date AND d.point = c.point
WHERE c.sources_lower_bound
GROUP BY d.ago;

-- Of all ports the three that rose most and the three that fell most against the month before, per point and day
-- (here both rates times the valid seconds of both months).
CREATE TABLE moved_ports AS
SELECT port
FROM (SELECT port, change, ROW_NUMBER() OVER (ORDER BY change DESC NULLS LAST, port NULLS LAST) AS rise,
             ROW_NUMBER() OVER (ORDER BY change NULLS LAST, port NULLS LAST) AS fall
      FROM (SELECT t.port, CAST(t.accesses AS DECIMAL(19, 0)) * CAST(was.valid_seconds AS DECIMAL(19, 0))
                   - CAST(t.accesses_before AS DECIMAL(19, 0)) * CAST(now.valid_seconds AS DECIMAL(19, 0)) AS change
            FROM (SELECT port, SUM(CASE WHEN ago = 0 THEN packets ELSE 0 END) AS accesses,
                         SUM(CASE WHEN ago = 1 THEN packets ELSE 0 END) AS accesses_before
                  FROM port_totals
                  WHERE ago <= 1
                  GROUP BY port) t
            CROSS JOIN (SELECT valid_seconds FROM counted_months WHERE ago = 0) now
            CROSS JOIN (SELECT valid_seconds FROM counted_months WHERE ago = 1) was) c) r
WHERE (rise <= 3 AND change > 0) OR (fall <= 3 AND change < 0);

CREATE TABLE shown_ports AS
SELECT port FROM port_totals WHERE (ago = 0 AND place <= 20) OR (ago = 1 AND place <= 10)
UNION
SELECT port FROM moved_ports
UNION
SELECT port FROM focus_ports;

-- Port types with the name under which they are shown.
CREATE TABLE shown_types AS
SELECT g.port_type, g.name AS port
FROM port_groups g
JOIN shown_ports s ON s.port = g.name
UNION
SELECT s.port AS port_type, s.port
FROM shown_ports s
LEFT JOIN port_groups g ON g.port_type = s.port
WHERE g.port_type IS NULL;

-- Points and days whose sources are written as they are.
CREATE TABLE plain AS
SELECT d.date, d.point, d.ago
FROM counted d
LEFT JOIN without_sources w ON w.date = d.date AND w.point = d.point
WHERE d.ago <= 1 AND d.sources_form = 'plain' AND w.date IS NULL;

-- Their accesses this month, and how many of those have no source, as it found no room (overflow).
CREATE TABLE plain_accesses AS
SELECT COALESCE(SUM(t.packets), 0) AS accesses, COALESCE(SUM(t.overflow), 0) AS without_source
FROM point_days t
JOIN plain d ON d.date = t.date AND d.point = t.point
WHERE t.class = 'access' AND d.ago = 0;

-- By port, point and country: this month, the one before, and the 28 days before this month; of this month also those
-- of the points and days whose sources are written as they are.
CREATE TABLE port_places AS
SELECT s.port, p.point, p.country,
       SUM(CASE WHEN d.ago = 0 THEN p.packets ELSE 0 END) AS packets,
       SUM(CASE WHEN d.ago = 0 THEN p.sources ELSE 0 END) AS sources,
       SUM(CASE WHEN d.ago = 1 THEN p.packets ELSE 0 END) AS packets_before,
       SUM(CASE WHEN d.baseline = 1 THEN p.packets ELSE 0 END) AS packets_baseline,
       SUM(CASE WHEN d.plain = 1 THEN p.packets ELSE 0 END) AS packets_plain,
       SUM(CASE WHEN d.plain = 1 THEN p.overflow_packets ELSE 0 END) AS overflow_plain,
       MIN(CASE WHEN d.ago = 0 THEN p.date END) AS first_date
FROM recent_ports p
JOIN (SELECT d.date, d.point, d.ago, d.baseline, CASE WHEN d.ago = 0 AND w.date IS NOT NULL THEN 1 ELSE 0 END AS plain
      FROM counted d
      LEFT JOIN plain w ON w.date = d.date AND w.point = d.point) d ON d.date = p.date AND d.point = p.point
JOIN shown_types s ON s.port_type = p.port_type
WHERE p.class = 'access'
GROUP BY s.port, p.point, p.country;

CREATE TABLE port_points AS
SELECT port, point, SUM(packets) AS packets, SUM(sources) AS sources, SUM(packets_before) AS packets_before,
       SUM(packets_baseline) AS packets_baseline, MIN(first_date) AS first_date
FROM port_places
GROUP BY port, point;

-- One port at one point, for a figure of its own: of the ports in focus the one that the fewest points saw, at the
-- point that saw most of it.
CREATE TABLE spot AS
SELECT port, point
FROM (SELECT f.port, p.point,
             CAST(ROW_NUMBER() OVER (ORDER BY n.points NULLS LAST, p.packets DESC NULLS LAST,
                                f.place NULLS LAST, p.point NULLS LAST) AS BIGINT) AS place
      FROM focus_ports f
      JOIN port_points p ON p.port = f.port
      JOIN (SELECT port, COUNT(*) AS points FROM port_points WHERE packets > 0 GROUP BY port) n ON n.port = f.port
      WHERE p.packets > 0) t
WHERE place = 1;

-- The ports in focus by day, point and country.
CREATE TABLE focus_days AS
SELECT p.date, p.point, p.country, f.place, f.port, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM recent_ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
JOIN shown_types s ON s.port_type = p.port_type
JOIN focus_ports f ON f.port = s.port
WHERE p.class = 'access' AND d.ago = 0
GROUP BY p.date, p.point, p.country, f.place, f.port;

-- The accesses of every address, this month and the one before.
CREATE TABLE addresses AS
SELECT s.source,
       SUM(CASE WHEN d.ago = 0 THEN s.packets ELSE 0 END) AS packets,
       SUM(CASE WHEN d.ago = 1 THEN s.packets ELSE 0 END) AS packets_before
FROM recent_sources s
JOIN plain d ON d.date = s.date AND d.point = s.point
WHERE s.class = 'access'
GROUP BY s.source;
