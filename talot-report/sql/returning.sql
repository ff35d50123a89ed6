-- Addresses that the month before knew, and others; accesses without a source.
SELECT addresses_are, addresses, accesses
FROM (SELECT CASE WHEN packets_before > 0 THEN 'returning' ELSE 'new' END AS addresses_are,
             COUNT(*) AS addresses, SUM(packets) AS accesses
      FROM addresses
      WHERE packets > 0
      GROUP BY CASE WHEN packets_before > 0 THEN 'returning' ELSE 'new' END
      UNION ALL
      SELECT 'without a source' AS addresses_are, 0 AS addresses, without_source AS accesses
      FROM plain_accesses
      WHERE without_source > 0) t
ORDER BY addresses_are NULLS LAST;
