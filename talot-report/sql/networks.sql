-- The networks with most accesses, beside all accesses and those without a source.
SELECT t.asn, t.as_name, t.accesses, t.addresses, w.accesses AS all_accesses, w.without_source
FROM (SELECT s.asn, MAX(s.as_name) AS as_name, SUM(s.packets) AS accesses, COUNT(DISTINCT s.source) AS addresses
      FROM recent_sources s
      JOIN plain d ON d.date = s.date AND d.point = s.point
      WHERE s.class = 'access' AND d.ago = 0
      GROUP BY s.asn
      ORDER BY accesses DESC NULLS LAST, s.asn NULLS LAST
      LIMIT 20) t
CROSS JOIN plain_accesses w
ORDER BY t.accesses DESC NULLS LAST, t.asn NULLS LAST;
