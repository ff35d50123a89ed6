-- Accesses by month and port: the ten ports most accessed over six months, and the others.
SELECT t.month, CASE WHEN h.place <= 10 THEN h.place ELSE 11 END AS place,
       CASE WHEN h.place <= 10 THEN t.port ELSE 'other' END AS port, SUM(t.packets) AS accesses
FROM port_months t
JOIN port_half h ON h.port = t.port
WHERE t.ago <= 5 AND t.class = 'access'
GROUP BY t.month, CASE WHEN h.place <= 10 THEN h.place ELSE 11 END, CASE WHEN h.place <= 10 THEN t.port ELSE 'other' END
ORDER BY t.month NULLS LAST, place NULLS LAST;
