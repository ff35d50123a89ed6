-- How often a single source (one address at one point, for one port type, on one day) knocks at the ports in focus.
SELECT f.place, f.port,
       SUM(CASE WHEN s.packets = 1 THEN 1 ELSE 0 END) AS once,
       SUM(CASE WHEN s.packets BETWEEN 2 AND 9 THEN 1 ELSE 0 END) AS to_9_times,
       SUM(CASE WHEN s.packets BETWEEN 10 AND 99 THEN 1 ELSE 0 END) AS to_99_times,
       SUM(CASE WHEN s.packets >= 100 THEN 1 ELSE 0 END) AS more_often,
       COUNT(*) AS sources, SUM(s.packets) AS accesses, MAX(s.packets) AS most
FROM recent_sources s
JOIN plain d ON d.date = s.date AND d.point = s.point
JOIN shown_types t ON t.port_type = s.port_type
JOIN focus_ports f ON f.port = t.port
WHERE s.class = 'access' AND d.ago = 0
GROUP BY f.place, f.port
ORDER BY f.place NULLS LAST;
