-- Sources by month and country: the ten first over six months, and the others.
SELECT t.month, CASE WHEN h.source_place <= 10 THEN h.source_place ELSE 11 END AS place,
       CASE WHEN h.source_place <= 10 THEN t.country ELSE 'other' END AS country, SUM(t.sources) AS sources
FROM country_days t
JOIN country_half h ON h.country = t.country
WHERE t.ago <= 5
GROUP BY t.month, CASE WHEN h.source_place <= 10 THEN h.source_place ELSE 11 END, CASE WHEN h.source_place <= 10 THEN t.country ELSE 'other' END
ORDER BY t.month NULLS LAST, place NULLS LAST;
