-- Scanners' marks, by port: accesses that bear them.
SELECT t.port, SUM(s.packets) AS accesses,
       SUM(CASE WHEN s.marks LIKE '%masscan%' THEN s.packets ELSE 0 END) AS masscan,
       SUM(CASE WHEN s.marks LIKE '%mirai%' THEN s.packets ELSE 0 END) AS mirai,
       SUM(CASE WHEN s.marks LIKE '%zmap%' THEN s.packets ELSE 0 END) AS zmap,
       SUM(CASE WHEN s.marks <> '' THEN s.packets ELSE 0 END) AS marked
FROM recent_sources s
JOIN plain d ON d.date = s.date AND d.point = s.point
JOIN shown_types t ON t.port_type = s.port_type
WHERE s.class = 'access' AND d.ago = 0
GROUP BY t.port
ORDER BY accesses DESC NULLS LAST, t.port NULLS LAST;
