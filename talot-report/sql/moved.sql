-- Every port's accesses, this month and the one before.
SELECT t.port, t.accesses, now.valid_seconds, t.accesses_before, was.valid_seconds AS valid_seconds_before
FROM (SELECT port, SUM(CASE WHEN ago = 0 THEN packets ELSE 0 END) AS accesses,
             SUM(CASE WHEN ago = 1 THEN packets ELSE 0 END) AS accesses_before
      FROM port_totals
      WHERE ago <= 1
      GROUP BY port) t
CROSS JOIN (SELECT valid_seconds FROM counted_months WHERE ago = 0) now
LEFT JOIN (SELECT valid_seconds FROM counted_months WHERE ago = 1) was ON 1 = 1
ORDER BY t.port NULLS LAST;
