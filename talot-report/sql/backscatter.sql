-- Backscatter by the service that sent it: the ten first, and the others.
SELECT CASE WHEN place <= 10 THEN place ELSE 11 END AS place, CASE WHEN place <= 10 THEN port ELSE 'other' END AS port,
       SUM(packets) AS packets, SUM(sources) AS sources
FROM (SELECT port, packets, sources,
             CAST(ROW_NUMBER() OVER (ORDER BY packets DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS place
      FROM (SELECT port, SUM(packets) AS packets, SUM(sources) AS sources
            FROM port_months
            WHERE class = 'backscatter' AND ago = 0
            GROUP BY port) p) t
GROUP BY CASE WHEN place <= 10 THEN place ELSE 11 END, CASE WHEN place <= 10 THEN port ELSE 'other' END
ORDER BY place NULLS LAST;
