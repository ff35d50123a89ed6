-- Days of points whose ports and coverage contradict each other.
SELECT c.date, c.point, c.access, c.backscatter, c.stray,
       COALESCE(SUM(CASE WHEN t.class = 'access' THEN t.packets END), 0) AS ports_access,
       COALESCE(SUM(CASE WHEN t.class = 'backscatter' THEN t.packets END), 0) AS ports_backscatter,
       COALESCE(SUM(CASE WHEN t.class = 'stray' THEN t.packets END), 0) AS ports_stray
FROM coverage c
JOIN counted d ON d.date = c.date AND d.point = c.point
LEFT JOIN point_days t ON t.date = c.date AND t.point = c.point
GROUP BY c.date, c.point, c.access, c.backscatter, c.stray
HAVING COALESCE(SUM(CASE WHEN t.class = 'access' THEN t.packets END), 0) <> c.access
    OR COALESCE(SUM(CASE WHEN t.class = 'backscatter' THEN t.packets END), 0) <> c.backscatter
    OR COALESCE(SUM(CASE WHEN t.class = 'stray' THEN t.packets END), 0) <> c.stray
ORDER BY c.date NULLS LAST, c.point NULLS LAST
LIMIT 1;
