-- Sources by country: the ten first, and the others.
SELECT CASE WHEN source_place <= 10 THEN source_place ELSE 11 END AS place,
       CASE WHEN source_place <= 10 THEN country ELSE 'other' END AS country, SUM(sources) AS sources
FROM country_totals
WHERE ago = 0
GROUP BY CASE WHEN source_place <= 10 THEN source_place ELSE 11 END, CASE WHEN source_place <= 10 THEN country ELSE 'other' END
ORDER BY place NULLS LAST;
