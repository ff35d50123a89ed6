-- Accesses and sources per point and day, over five months.
SELECT month, accesses, sources, valid_seconds
FROM month_totals
WHERE ago <= 4
ORDER BY month NULLS LAST;
