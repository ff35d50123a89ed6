-- What the queries of the figures share. It reads the views `sources`, `ports` and `coverage`, and the tables
-- of parameters.sql: calendar, left_out, without_sources, port_groups, focus_ports; the views recent_ports and
-- recent_sources are the part of ports and sources from the previous month (or 28 days before, if that is
-- more) to the end of the month.
--
-- `ago` counts months back from the month of the report, which is 0.

-- The days of points that count. Valid seconds: those observed, on a day brought to 86,400 seconds.
CREATE TABLE counted AS
SELECT c.date, c.point, k.month, k.ago, k.baseline, c.sources_form,
       CAST((c.observed_seconds * 86400 - (c.observed_seconds * 86400) % c.expected_seconds)
            / c.expected_seconds AS BIGINT) AS valid_seconds
FROM coverage c
JOIN calendar k ON k.date = c.date
LEFT JOIN left_out l ON l.date = c.date AND l.point = c.point
WHERE c.status <> 'maintenance' AND l.date IS NULL;

CREATE TABLE counted_months AS
SELECT month, ago, SUM(valid_seconds) AS valid_seconds, COUNT(*) AS point_days,
       COUNT(DISTINCT CASE WHEN valid_seconds > 0 THEN point END) AS points
FROM counted
GROUP BY month, ago;

CREATE TABLE counted_points AS
SELECT point, SUM(CASE WHEN ago = 0 THEN valid_seconds ELSE 0 END) AS valid_seconds,
       SUM(CASE WHEN ago = 1 THEN valid_seconds ELSE 0 END) AS valid_seconds_before,
       SUM(CASE WHEN baseline = 1 THEN valid_seconds ELSE 0 END) AS baseline_valid_seconds
FROM counted
WHERE ago <= 1 OR baseline = 1
GROUP BY point;

-- What each point counted on each day, by class.
CREATE TABLE point_days AS
SELECT p.date, p.point, p.class, SUM(p.packets) AS packets, SUM(p.sources) AS sources,
       SUM(p.overflow_packets) AS overflow
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
GROUP BY p.date, p.point, p.class;

CREATE TABLE month_totals AS
SELECT m.month, m.ago, m.valid_seconds, m.point_days, m.points,
       COALESCE(t.accesses, 0) AS accesses, COALESCE(t.sources, 0) AS sources
FROM counted_months m
LEFT JOIN (SELECT k.ago, SUM(t.packets) AS accesses, SUM(t.sources) AS sources
           FROM point_days t
           JOIN calendar k ON k.date = t.date
           WHERE t.class = 'access'
           GROUP BY k.ago) t ON t.ago = m.ago;

-- By day and port; the ports of a group are one.
CREATE TABLE port_days AS
SELECT k.date, k.month, k.ago, k.baseline, t.class, COALESCE(g.name, t.port_type) AS port,
       SUM(t.packets) AS packets, SUM(t.sources) AS sources
FROM (SELECT p.date, p.class, p.port_type, SUM(p.packets) AS packets, SUM(p.sources) AS sources
      FROM ports p
      JOIN counted d ON d.date = p.date AND d.point = p.point
      GROUP BY p.date, p.class, p.port_type) t
JOIN calendar k ON k.date = t.date
LEFT JOIN port_groups g ON g.port_type = t.port_type
GROUP BY k.date, k.month, k.ago, k.baseline, t.class, COALESCE(g.name, t.port_type);

-- By day and country, accesses only.
CREATE TABLE country_days AS
SELECT k.date, k.month, k.ago, t.country, t.packets, t.sources
FROM (SELECT p.date, p.country, SUM(p.packets) AS packets, SUM(p.sources) AS sources
      FROM ports p
      JOIN counted d ON d.date = p.date AND d.point = p.point
      WHERE p.class = 'access'
      GROUP BY p.date, p.country) t
JOIN calendar k ON k.date = t.date;

-- Ports and countries by month, with their places.
CREATE TABLE port_totals AS
SELECT ago, port, packets, sources,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY packets DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY sources DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT ago, port, SUM(packets) AS packets, SUM(sources) AS sources
      FROM port_days
      WHERE class = 'access' AND ago IN (0, 1, 12)
      GROUP BY ago, port) t;

CREATE TABLE country_totals AS
SELECT ago, country, packets, sources,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY packets DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY sources DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT ago, country, SUM(packets) AS packets, SUM(sources) AS sources
      FROM country_days
      WHERE ago IN (0, 1, 12)
      GROUP BY ago, country) t;

-- The same over six months.
CREATE TABLE port_half AS
SELECT port,
       CAST(ROW_NUMBER() OVER (ORDER BY packets DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (ORDER BY sources DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT port, SUM(packets) AS packets, SUM(sources) AS sources
      FROM port_days
      WHERE class = 'access' AND ago <= 5
      GROUP BY port) t;

CREATE TABLE country_half AS
SELECT country,
       CAST(ROW_NUMBER() OVER (ORDER BY packets DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (ORDER BY sources DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT country, SUM(packets) AS packets, SUM(sources) AS sources
      FROM country_days
      WHERE ago <= 5
      GROUP BY country) t;
