-- Accesses and sources per point and day, over six months.
SELECT month, accesses, sources, valid_seconds
FROM month_totals
WHERE ago <= 5
ORDER BY month NULLS LAST;
