-- The points that watched on each day, and those whose records were refused.
SELECT k.date, COUNT(CASE WHEN d.valid_seconds > 0 THEN d.point END) AS points, COALESCE(SUM(d.valid_seconds), 0) AS valid_seconds,
       COALESCE(MAX(r.refused), 0) AS refused
FROM calendar k
LEFT JOIN counted d ON d.date = k.date
LEFT JOIN (SELECT date, COUNT(*) AS refused FROM refused GROUP BY date) r ON r.date = k.date
WHERE k.ago = 0
GROUP BY k.date
ORDER BY k.date NULLS LAST;
