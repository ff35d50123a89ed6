-- Addresses that the month before knew, and others.
SELECT CASE WHEN packets_before > 0 THEN 'returning' ELSE 'new' END AS addresses_are,
       COUNT(*) AS addresses, SUM(packets) AS accesses
FROM addresses
WHERE packets > 0
GROUP BY CASE WHEN packets_before > 0 THEN 'returning' ELSE 'new' END
ORDER BY addresses_are NULLS LAST;
