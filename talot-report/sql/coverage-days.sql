-- The points that watched on each day.
SELECT k.date, COUNT(CASE WHEN d.valid_seconds > 0 THEN d.point END) AS points, COALESCE(SUM(d.valid_seconds), 0) AS valid_seconds
FROM calendar k
LEFT JOIN counted d ON d.date = k.date
WHERE k.ago = 0
GROUP BY k.date
ORDER BY k.date NULLS LAST;
