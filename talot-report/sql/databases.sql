-- The databases that named countries and networks, and the accesses that they left unknown.
SELECT c.country_database, c.country_database_date, c.asn_database, c.asn_database_date, COUNT(*) AS point_days
FROM coverage c
JOIN counted d ON d.date = c.date AND d.point = c.point
WHERE d.ago = 0
GROUP BY c.country_database, c.country_database_date, c.asn_database, c.asn_database_date
ORDER BY point_days DESC NULLS LAST, c.country_database NULLS LAST, c.country_database_date NULLS LAST,
         c.asn_database NULLS LAST, c.asn_database_date NULLS LAST;
