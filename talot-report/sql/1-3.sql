-- Accesses to one port at one point, by day and country; a day on which the point watched and none came has one row
-- without a country.
SELECT date, port, point, country, accesses
FROM (SELECT f.date, f.port, f.point, f.country, f.packets AS accesses
      FROM focus_days f
      JOIN spot s ON s.port = f.port AND s.point = f.point
      UNION ALL
      SELECT d.date, s.port, s.point, CAST(NULL AS VARCHAR) AS country, 0 AS accesses
      FROM spot s
      JOIN counted d ON d.point = s.point
      LEFT JOIN (SELECT DISTINCT date, port, point FROM focus_days) f
             ON f.date = d.date AND f.port = s.port AND f.point = s.point
      WHERE d.ago = 0 AND d.valid_seconds > 0 AND f.date IS NULL) t
ORDER BY date NULLS LAST, country NULLS LAST;
