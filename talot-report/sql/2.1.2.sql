-- Accesses to the ports in focus by day.
SELECT k.date, f.place, f.port, COALESCE(SUM(t.packets), 0) AS accesses
FROM calendar k
JOIN (SELECT DISTINCT date FROM counted WHERE valid_seconds > 0) d ON d.date = k.date
CROSS JOIN focus_ports f
LEFT JOIN focus_days t ON t.date = k.date AND t.port = f.port
WHERE k.ago = 0
GROUP BY k.date, f.place, f.port
ORDER BY k.date NULLS LAST, f.place NULLS LAST;
