-- The days of points that do not count, and why; of earlier months those that are left out by choice.
SELECT c.date, c.point, c.status, c.maintenance_seconds, c.note, l.reason
FROM coverage c
JOIN calendar k ON k.date = c.date
LEFT JOIN left_out l ON l.date = c.date AND l.point = c.point
WHERE (k.ago = 0 AND c.status = 'maintenance') OR l.date IS NOT NULL
ORDER BY c.date NULLS LAST, c.point NULLS LAST;
