-- The ports that the queries of the figures look at more closely: the most accessed ones of the month and of the month
-- before, those that moved most, and those in focus. And the days whose sources can be looked at.

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
