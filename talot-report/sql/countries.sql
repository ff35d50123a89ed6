-- The countries of the month: places now, a month and a year ago.
SELECT n.place, n.country, n.packets AS accesses, n.sources, b.place AS place_before,
       COALESCE(b.packets, 0) AS accesses_before, y.place AS place_year_ago,
       COALESCE(y.packets, 0) AS accesses_year_ago
FROM country_totals n
LEFT JOIN country_totals b ON b.country = n.country AND b.ago = 1
LEFT JOIN country_totals y ON y.country = n.country AND y.ago = 12
WHERE n.ago = 0 AND (n.place <= 20 OR n.country = 'ZZ')
ORDER BY n.place NULLS LAST;
