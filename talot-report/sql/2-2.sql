-- Sources by day and port: the ten ports with most sources, and the others.
SELECT t.date, CASE WHEN n.source_place <= 10 THEN n.source_place ELSE 11 END AS place,
       CASE WHEN n.source_place <= 10 THEN t.port ELSE 'other' END AS port, SUM(t.sources) AS sources
FROM port_days t
JOIN port_totals n ON n.port = t.port AND n.ago = 0
WHERE t.class = 'access'
GROUP BY t.date, CASE WHEN n.source_place <= 10 THEN n.source_place ELSE 11 END, CASE WHEN n.source_place <= 10 THEN t.port ELSE 'other' END
ORDER BY t.date NULLS LAST, place NULLS LAST;
