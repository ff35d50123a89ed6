-- How much of all accesses the busiest addresses send: the first, the first ten, the first hundredth. Accesses without a
-- source found no room for it.
SELECT a.addresses, w.accesses, a.of_addresses, w.without_source, a.of_first, a.of_first_10, a.of_first_hundredth, a.first_hundredth
FROM (SELECT COUNT(*) AS addresses, COALESCE(SUM(packets), 0) AS of_addresses,
             COALESCE(SUM(CASE WHEN place <= 1 THEN packets END), 0) AS of_first,
             COALESCE(SUM(CASE WHEN place <= 10 THEN packets END), 0) AS of_first_10,
             COALESCE(SUM(CASE WHEN place * 100 <= n + 99 THEN packets END), 0) AS of_first_hundredth,
             COALESCE(SUM(CASE WHEN place * 100 <= n + 99 THEN 1 END), 0) AS first_hundredth
      FROM (SELECT packets, CAST(ROW_NUMBER() OVER (ORDER BY packets DESC NULLS LAST, source NULLS LAST) AS BIGINT) AS place
            FROM addresses
            WHERE packets > 0) t
      CROSS JOIN (SELECT COUNT(*) AS n FROM addresses WHERE packets > 0) c) a
CROSS JOIN plain_accesses w;
