-- The month, the month before, and the same month a year ago.
SELECT t.ago, t.month, t.accesses, t.sources, t.points, t.point_days, t.valid_seconds, COALESCE(b.point_days, 0) AS lower_bound_days
FROM month_totals t
LEFT JOIN lower_bounds b ON b.ago = t.ago
WHERE t.ago IN (0, 1, 12)
ORDER BY t.ago NULLS LAST;
