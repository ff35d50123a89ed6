-- IPv4 and IPv6.
SELECT CASE WHEN source LIKE '%:%' THEN 'IPv6' ELSE 'IPv4' END AS family,
       COUNT(*) AS addresses, SUM(packets) AS accesses
FROM addresses
WHERE packets > 0
GROUP BY CASE WHEN source LIKE '%:%' THEN 'IPv6' ELSE 'IPv4' END
ORDER BY family NULLS LAST;
