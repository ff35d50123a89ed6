-- Accesses by day and country: the ten first, and the others.
SELECT t.date, CASE WHEN n.place <= 10 THEN n.place ELSE 11 END AS place,
       CASE WHEN n.place <= 10 THEN t.country ELSE 'other' END AS country, SUM(t.packets) AS accesses
FROM country_days t
JOIN country_totals n ON n.country = t.country AND n.ago = 0
WHERE t.ago = 0
GROUP BY t.date, CASE WHEN n.place <= 10 THEN n.place ELSE 11 END, CASE WHEN n.place <= 10 THEN t.country ELSE 'other' END
ORDER BY t.date NULLS LAST, place NULLS LAST;
