-- What became of every packet that was seen.
SELECT SUM(c.seen) AS seen, SUM(c.non_ip) AS non_ip, SUM(c.malformed) AS malformed,
       SUM(c.link_control) AS link_control, SUM(c.elsewhere) AS elsewhere, SUM(c.excluded) AS excluded,
       SUM(c.solicited) AS solicited, SUM(c.backscatter) AS backscatter, SUM(c.stray) AS stray,
       SUM(c.access) AS access, SUM(c.overflow) AS overflow, SUM(c.missed) AS missed
FROM coverage c
JOIN counted d ON d.date = c.date AND d.point = c.point
WHERE d.ago = 0;
