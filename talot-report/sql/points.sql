-- Each point with its accesses, its sources, and those to each of the ten most accessed ports.
SELECT c.point, c.valid_seconds, t.place, t.port, COALESCE(p.packets, 0) AS accesses, COALESCE(p.sources, 0) AS sources
FROM counted_points c
CROSS JOIN (SELECT place, port FROM port_totals WHERE ago = 0 AND place <= 10) t
LEFT JOIN port_points p ON p.point = c.point AND p.port = t.port
WHERE c.valid_seconds > 0
ORDER BY c.point NULLS LAST, t.place NULLS LAST;
