-- Accesses by day and port: the ten most accessed ports, and the others.
SELECT t.date, CASE WHEN n.place <= 10 THEN n.place ELSE 11 END AS place,
       CASE WHEN n.place <= 10 THEN t.port ELSE 'other' END AS port, SUM(t.packets) AS accesses
FROM port_days t
JOIN port_totals n ON n.port = t.port AND n.ago = 0
WHERE t.class = 'access'
GROUP BY t.date, CASE WHEN n.place <= 10 THEN n.place ELSE 11 END, CASE WHEN n.place <= 10 THEN t.port ELSE 'other' END
ORDER BY t.date NULLS LAST, place NULLS LAST;
