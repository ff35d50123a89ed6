-- IPv4 and IPv6, and accesses without a source.
SELECT family, addresses, accesses
FROM (SELECT CASE WHEN source LIKE '%:%' THEN 'IPv6' ELSE 'IPv4' END AS family,
             COUNT(*) AS addresses, SUM(packets) AS accesses
      FROM addresses
      WHERE packets > 0
      GROUP BY CASE WHEN source LIKE '%:%' THEN 'IPv6' ELSE 'IPv4' END
      UNION ALL
      SELECT 'without a source' AS family, 0 AS addresses, without_source AS accesses
      FROM plain_accesses
      WHERE without_source > 0) t
ORDER BY family NULLS LAST;
