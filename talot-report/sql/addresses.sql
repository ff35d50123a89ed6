-- Distinct addresses beside the sources of the same points and days: by day, and (date NULL) of the whole month.
SELECT a.date, a.addresses, t.sources, t.accesses
FROM (SELECT s.date, COUNT(DISTINCT s.source) AS addresses
      FROM recent_sources s
      JOIN plain d ON d.date = s.date AND d.point = s.point
      WHERE s.class = 'access' AND d.ago = 0
      GROUP BY s.date) a
JOIN (SELECT t.date, SUM(t.sources) AS sources, SUM(t.packets) AS accesses
      FROM point_days t
      JOIN plain d ON d.date = t.date AND d.point = t.point
      WHERE t.class = 'access' AND d.ago = 0
      GROUP BY t.date) t ON t.date = a.date
UNION ALL
SELECT CAST(NULL AS DATE) AS date, a.addresses, t.sources, t.accesses
FROM (SELECT COUNT(*) AS addresses FROM addresses WHERE packets > 0) a
CROSS JOIN (SELECT COALESCE(SUM(t.sources), 0) AS sources, COALESCE(SUM(t.packets), 0) AS accesses
            FROM point_days t
            JOIN plain d ON d.date = t.date AND d.point = t.point
            WHERE t.class = 'access' AND d.ago = 0) t
ORDER BY date NULLS LAST;
