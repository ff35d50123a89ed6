-- What the files of `ports` add up to on the days that count. talot-report itself sums them up while it verifies the
-- files, so that it reads each but once (records/sums.rs).

-- What each point counted on each day, by class.
CREATE TABLE point_days AS
SELECT p.date, p.point, p.class, SUM(p.packets) AS packets, SUM(p.sources) AS sources,
       SUM(p.overflow_packets) AS overflow
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
GROUP BY p.date, p.point, p.class;

-- By month and port, and by day and port in the month of the report; the ports of a group are one.
CREATE TABLE port_months AS
SELECT d.month, d.ago, p.class, COALESCE(g.name, p.port_type) AS port, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
LEFT JOIN port_groups g ON g.port_type = p.port_type
GROUP BY d.month, d.ago, p.class, COALESCE(g.name, p.port_type);

CREATE TABLE port_days AS
SELECT p.date, p.class, COALESCE(g.name, p.port_type) AS port, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
LEFT JOIN port_groups g ON g.port_type = p.port_type
WHERE d.ago = 0
GROUP BY p.date, p.class, COALESCE(g.name, p.port_type);

-- By day and country, accesses only.
CREATE TABLE country_days AS
SELECT p.date, d.month, d.ago, p.country, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
WHERE p.class = 'access'
GROUP BY p.date, d.month, d.ago, p.country;
