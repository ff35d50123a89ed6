-- The networks with most accesses.
SELECT s.asn, MAX(s.as_name) AS as_name, SUM(s.packets) AS accesses, COUNT(DISTINCT s.source) AS addresses
FROM recent_sources s
JOIN plain d ON d.date = s.date AND d.point = s.point
WHERE s.class = 'access' AND d.ago = 0
GROUP BY s.asn
ORDER BY accesses DESC NULLS LAST, s.asn NULLS LAST
LIMIT 20;
