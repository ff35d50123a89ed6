-- Accesses and sources per point and day, over five months.
SELECT t.month, t.accesses, t.sources, t.valid_seconds, COALESCE(b.point_days, 0) AS lower_bound_days
FROM month_totals t
LEFT JOIN lower_bounds b ON b.ago = t.ago
WHERE t.ago <= 4
ORDER BY t.month NULLS LAST;
