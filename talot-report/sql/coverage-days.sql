-- The points that watched on each day.
SELECT k.date, COUNT(d.point) AS points, COALESCE(SUM(d.valid_seconds), 0) AS valid_seconds
FROM calendar k
LEFT JOIN counted d ON d.date = k.date
WHERE k.ago = 0
GROUP BY k.date
ORDER BY k.date NULLS LAST;
