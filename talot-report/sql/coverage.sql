-- The days of each point: what was watched, what was left out, what was refused.
SELECT p.point,
       COUNT(*) AS days,
       SUM(CASE WHEN c.date IS NULL THEN 0 ELSE 1 END) AS recorded,
       SUM(CASE WHEN c.status = 'full' AND l.date IS NULL THEN 1 ELSE 0 END) AS full_days,
       SUM(CASE WHEN c.status = 'partial' AND l.date IS NULL THEN 1 ELSE 0 END) AS partial_days,
       SUM(CASE WHEN c.status = 'down' AND l.date IS NULL THEN 1 ELSE 0 END) AS down_days,
       SUM(CASE WHEN c.status = 'maintenance' THEN 1 ELSE 0 END) AS maintenance_days,
       SUM(CASE WHEN c.status <> 'maintenance' AND l.date IS NOT NULL THEN 1 ELSE 0 END) AS left_out_days,
       SUM(CASE WHEN r.date IS NULL THEN 0 ELSE 1 END) AS refused_days,
       SUM(CASE WHEN d.date IS NULL THEN 0 ELSE 1 END) AS counted_days,
       COALESCE(SUM(d.valid_seconds), 0) AS valid_seconds,
       COALESCE(SUM(CASE WHEN c.mode = 'dark' AND d.date IS NOT NULL THEN 1 ELSE 0 END), 0) AS dark_days,
       COALESCE(SUM(CASE WHEN c.sources_lower_bound AND d.date IS NOT NULL THEN 1 ELSE 0 END), 0) AS lower_bound_days,
       COALESCE(SUM(CASE WHEN d.date IS NOT NULL THEN c.missed END), 0) AS missed
FROM (SELECT c.point FROM coverage c JOIN calendar k ON k.date = c.date WHERE k.ago = 0
      UNION
      SELECT r.point FROM refused r JOIN calendar k ON k.date = r.date WHERE k.ago = 0) p
CROSS JOIN (SELECT date FROM calendar WHERE ago = 0) k
LEFT JOIN coverage c ON c.date = k.date AND c.point = p.point
LEFT JOIN left_out l ON l.date = k.date AND l.point = p.point
LEFT JOIN refused r ON r.date = k.date AND r.point = p.point
LEFT JOIN counted d ON d.date = k.date AND d.point = p.point
GROUP BY p.point
ORDER BY p.point NULLS LAST;
