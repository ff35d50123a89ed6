-- Accesses by port, this month against the last.
SELECT s.port, COALESCE(n.packets, 0) AS accesses, now.valid_seconds,
       COALESCE(b.packets, 0) AS accesses_before, was.valid_seconds AS valid_seconds_before
FROM (SELECT port FROM port_totals WHERE ago IN (0, 1) AND place <= 10
      UNION
      SELECT port FROM moved_ports
      UNION
      SELECT port FROM focus_ports) s
LEFT JOIN port_totals n ON n.port = s.port AND n.ago = 0
LEFT JOIN port_totals b ON b.port = s.port AND b.ago = 1
CROSS JOIN (SELECT valid_seconds FROM counted_months WHERE ago = 0) now
CROSS JOIN (SELECT valid_seconds FROM counted_months WHERE ago = 1) was
ORDER BY COALESCE(n.packets, 0) DESC NULLS LAST, COALESCE(b.packets, 0) DESC NULLS LAST, s.port NULLS LAST;
