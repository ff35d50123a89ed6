-- The ports looked at more closely, by point and country, this month and the one before; since when their point watched.
SELECT p.port, p.point, p.country, p.packets AS accesses, p.packets_before AS accesses_before, p.first_date,
       w.watched_since
FROM port_places p
LEFT JOIN (SELECT point, MIN(date) AS watched_since
           FROM counted
           WHERE ago <= 1 AND valid_seconds > 0
           GROUP BY point) w ON w.point = p.point
WHERE p.packets > 0 OR p.packets_before > 0
ORDER BY p.port NULLS LAST, p.point NULLS LAST, p.country NULLS LAST;
