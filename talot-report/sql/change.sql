-- The month, the month before, and the same month a year ago.
SELECT ago, month, accesses, sources, points, point_days, valid_seconds
FROM month_totals
WHERE ago IN (0, 1, 12)
ORDER BY ago NULLS LAST;
