-- Sources by port: the ten ports with most sources, and the others.
SELECT CASE WHEN source_place <= 10 THEN source_place ELSE 11 END AS place,
       CASE WHEN source_place <= 10 THEN port ELSE 'other' END AS port, SUM(sources) AS sources
FROM port_totals
WHERE ago = 0
GROUP BY CASE WHEN source_place <= 10 THEN source_place ELSE 11 END, CASE WHEN source_place <= 10 THEN port ELSE 'other' END
ORDER BY place NULLS LAST;
