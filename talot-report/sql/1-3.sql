-- Accesses to one port at one point, by day and country.
SELECT f.date, f.port, f.point, f.country, f.packets AS accesses
FROM focus_days f
JOIN spot s ON s.port = f.port AND s.point = f.point
ORDER BY f.date NULLS LAST, f.country NULLS LAST;
