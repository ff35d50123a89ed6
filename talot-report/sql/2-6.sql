-- Accesses by country: the ten first, and the others.
SELECT CASE WHEN place <= 10 THEN place ELSE 11 END AS place,
       CASE WHEN place <= 10 THEN country ELSE 'other' END AS country, SUM(packets) AS accesses
FROM country_totals
WHERE ago = 0
GROUP BY CASE WHEN place <= 10 THEN place ELSE 11 END, CASE WHEN place <= 10 THEN country ELSE 'other' END
ORDER BY place NULLS LAST;
