-- What each point counted in all; its valid seconds in the month before.
SELECT c.point, c.valid_seconds, c.valid_seconds_before, COALESCE(SUM(t.packets), 0) AS accesses, COALESCE(SUM(t.sources), 0) AS sources
FROM counted_points c
LEFT JOIN (SELECT t.point, t.packets, t.sources
           FROM point_days t
           JOIN calendar k ON k.date = t.date
           WHERE t.class = 'access' AND k.ago = 0) t ON t.point = c.point
WHERE c.valid_seconds > 0
GROUP BY c.point, c.valid_seconds, c.valid_seconds_before
ORDER BY c.point NULLS LAST;
