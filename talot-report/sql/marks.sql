-- Scanners' marks, by port: accesses that bear them, of all accesses of the same points and days. Those without a source
-- have no mark either.
SELECT p.port, p.accesses, p.without_source, COALESCE(m.masscan, 0) AS masscan, COALESCE(m.mirai, 0) AS mirai,
       COALESCE(m.zmap, 0) AS zmap, COALESCE(m.marked, 0) AS marked
FROM (SELECT port, SUM(packets_plain) AS accesses, SUM(overflow_plain) AS without_source
      FROM port_places
      GROUP BY port) p
LEFT JOIN (SELECT t.port,
                  SUM(CASE WHEN s.marks LIKE '%masscan%' THEN s.packets ELSE 0 END) AS masscan,
                  SUM(CASE WHEN s.marks LIKE '%mirai%' THEN s.packets ELSE 0 END) AS mirai,
                  SUM(CASE WHEN s.marks LIKE '%zmap%' THEN s.packets ELSE 0 END) AS zmap,
                  SUM(CASE WHEN s.marks <> '' THEN s.packets ELSE 0 END) AS marked
           FROM recent_sources s
           JOIN plain d ON d.date = s.date AND d.point = s.point
           JOIN shown_types t ON t.port_type = s.port_type
           WHERE s.class = 'access' AND d.ago = 0
           GROUP BY t.port) m ON m.port = p.port
WHERE p.accesses > 0
ORDER BY p.accesses DESC NULLS LAST, p.port NULLS LAST;
