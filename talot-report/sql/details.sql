-- What the queries of the figures share about the ports that they look at more closely.

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

-- The accesses of every address, this month and the one before.
CREATE TABLE addresses AS
SELECT s.source,
       SUM(CASE WHEN d.ago = 0 THEN s.packets ELSE 0 END) AS packets,
       SUM(CASE WHEN d.ago = 1 THEN s.packets ELSE 0 END) AS packets_before
FROM recent_sources s
JOIN plain d ON d.date = s.date AND d.point = s.point
WHERE s.class = 'access'
GROUP BY s.source;
