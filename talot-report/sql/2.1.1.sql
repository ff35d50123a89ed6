-- Accesses to the ports in focus by source country.
SELECT country, SUM(packets) AS accesses
FROM focus_days
GROUP BY country
ORDER BY accesses DESC NULLS LAST, country NULLS LAST;
