-- Backscatter and strays by day.
SELECT k.date, COALESCE(SUM(CASE WHEN t.class = 'backscatter' THEN t.packets END), 0) AS backscatter,
       COALESCE(SUM(CASE WHEN t.class = 'stray' THEN t.packets END), 0) AS stray
FROM calendar k
JOIN (SELECT DISTINCT date FROM counted WHERE valid_seconds > 0) d ON d.date = k.date
LEFT JOIN point_days t ON t.date = k.date
WHERE k.ago = 0
GROUP BY k.date
ORDER BY k.date NULLS LAST;
