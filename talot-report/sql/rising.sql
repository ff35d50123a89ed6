-- Ports against the 28 days before the month, point by point, at the points that watched in both.
SELECT s.port, c.point, COALESCE(p.packets, 0) AS accesses, c.valid_seconds,
       COALESCE(p.packets_baseline, 0) AS accesses_baseline, c.baseline_valid_seconds
FROM shown_ports s
CROSS JOIN counted_points c
LEFT JOIN port_points p ON p.port = s.port AND p.point = c.point
WHERE c.valid_seconds > 0 AND c.baseline_valid_seconds > 0
ORDER BY s.port NULLS LAST, c.point NULLS LAST;
