-- Accesses by port: the ten most accessed ports, and the others.
SELECT CASE WHEN place <= 10 THEN place ELSE 11 END AS place,
       CASE WHEN place <= 10 THEN port ELSE 'other' END AS port, SUM(packets) AS accesses
FROM port_totals
WHERE ago = 0
GROUP BY CASE WHEN place <= 10 THEN place ELSE 11 END, CASE WHEN place <= 10 THEN port ELSE 'other' END
ORDER BY place NULLS LAST;
