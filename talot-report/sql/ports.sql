-- The ports of the month: places now, a month and a year ago; how many points saw them.
SELECT n.place, n.port, n.packets AS accesses, n.sources,
       b.place AS place_before, COALESCE(b.packets, 0) AS accesses_before,
       y.place AS place_year_ago, COALESCE(y.packets, 0) AS accesses_year_ago,
       k.points_that_saw_it, w.points
FROM port_totals n
LEFT JOIN port_totals b ON b.port = n.port AND b.ago = 1
LEFT JOIN port_totals y ON y.port = n.port AND y.ago = 12
LEFT JOIN (SELECT port, COUNT(*) AS points_that_saw_it FROM port_points WHERE packets > 0 GROUP BY port) k
       ON k.port = n.port
CROSS JOIN (SELECT COUNT(*) AS points FROM counted_points WHERE valid_seconds > 0) w
WHERE n.ago = 0 AND n.place <= 20
ORDER BY n.place NULLS LAST;
