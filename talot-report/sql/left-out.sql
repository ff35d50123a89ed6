-- The days of points that do not count, and why: maintenance and refused records; also of earlier months, which this one is
-- compared with, those that are left out by choice or refused.
SELECT date, point, status, maintenance_seconds, note, reason
FROM (SELECT c.date, c.point, c.status, c.maintenance_seconds, c.note, l.reason
      FROM coverage c
      JOIN calendar k ON k.date = c.date
      LEFT JOIN left_out l ON l.date = c.date AND l.point = c.point
      WHERE (k.ago = 0 AND c.status = 'maintenance') OR l.date IS NOT NULL
      UNION ALL
      SELECT r.date, r.point, 'refused' AS status, CAST(NULL AS BIGINT) AS maintenance_seconds, r.what AS note, l.reason
      FROM refused r
      JOIN calendar k ON k.date = r.date
      LEFT JOIN left_out l ON l.date = r.date AND l.point = r.point) t
ORDER BY date NULLS LAST, point NULLS LAST;
