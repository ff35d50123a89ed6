-- Accesses and sources per point and day, since the first record.
SELECT month, accesses, sources, valid_seconds
FROM month_totals
ORDER BY month NULLS LAST;
