-- The ports looked at more closely, by point and country, this month and the one before.
SELECT port, point, country, packets AS accesses, packets_before AS accesses_before, first_date
FROM port_places
WHERE packets > 0 OR packets_before > 0
ORDER BY port NULLS LAST, point NULLS LAST, country NULLS LAST;
