-- Where these ports were accessed from, and at which points. talot-report itself sums it up from the files of `ports`
-- (records/places.rs).

-- By port, point and country: this month, the one before, and the 28 days before this month; of this month also those
-- of the points and days whose sources are written as they are.
CREATE TABLE port_places AS
SELECT s.port, p.point, p.country,
       SUM(CASE WHEN d.ago = 0 THEN p.packets ELSE 0 END) AS packets,
       SUM(CASE WHEN d.ago = 0 THEN p.sources ELSE 0 END) AS sources,
       SUM(CASE WHEN d.ago = 1 THEN p.packets ELSE 0 END) AS packets_before,
       SUM(CASE WHEN d.baseline = 1 THEN p.packets ELSE 0 END) AS packets_baseline,
       SUM(CASE WHEN d.ago = 0 AND w.date IS NOT NULL THEN p.packets ELSE 0 END) AS packets_plain,
       SUM(CASE WHEN d.ago = 0 AND w.date IS NOT NULL THEN p.overflow_packets ELSE 0 END) AS overflow_plain,
       MIN(CASE WHEN d.ago = 0 THEN p.date END) AS first_date
FROM recent_ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
JOIN shown_types s ON s.port_type = p.port_type
LEFT JOIN plain w ON w.date = p.date AND w.point = p.point
WHERE p.class = 'access'
GROUP BY s.port, p.point, p.country;

-- The ports in focus by day, point and country.
CREATE TABLE focus_days AS
SELECT p.date, p.point, p.country, f.place, f.port, SUM(p.packets) AS packets, SUM(p.sources) AS sources
FROM recent_ports p
JOIN counted d ON d.date = p.date AND d.point = p.point
JOIN shown_types s ON s.port_type = p.port_type
JOIN focus_ports f ON f.port = s.port
WHERE p.class = 'access' AND d.ago = 0
GROUP BY p.date, p.point, p.country, f.place, f.port;
