-- What the files of `ports` add up to on the days that count. talot-report itself sums them up while it verifies the
-- files, so that it reads each but once (records/sums.rs).

-- What each point counted on each day, by class.
CREATE TABLE point_days AS
SELECT p.date, p.point, p.class, SUM(p.packets) AS packets, SUM(p.sources) AS sources,
       SUM(p.overflow_packets) AS overflow
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
GROUP BY p.date, p.point, p.class;

-- By month and port type.
CREATE TABLE type_months AS
SELECT d.month, p.class, p.port_type, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
GROUP BY d.month, p.class, p.port_type;

-- By day and port type, in the month of the report.
CREATE TABLE type_days AS
SELECT p.date, p.class, p.port_type, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
WHERE d.ago = 0
GROUP BY p.date, p.class, p.port_type;

-- Accesses by day and country.
CREATE TABLE country_sums AS
SELECT p.date, p.country, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
WHERE p.class = 'access'
GROUP BY p.date, p.country;
