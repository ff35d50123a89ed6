-- What the queries of the figures share, from the days that count (counted.sql) and what they add up to (sums.sql).

CREATE TABLE month_totals AS
SELECT m.month, m.ago, m.valid_seconds, m.point_days, m.points,
       COALESCE(t.accesses, 0) AS accesses, COALESCE(t.sources, 0) AS sources
FROM counted_months m
LEFT JOIN (SELECT k.ago, SUM(t.packets) AS accesses, SUM(t.sources) AS sources
           FROM point_days t
           JOIN calendar k ON k.date = t.date
           WHERE t.class = 'access'
           GROUP BY k.ago) t ON t.ago = m.ago;

-- Ports and countries by month, with their places.
CREATE TABLE port_totals AS
SELECT ago, port, packets, sources,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY packets DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY sources DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT ago, port, SUM(packets) AS packets, SUM(sources) AS sources
      FROM port_months
      WHERE class = 'access' AND ago IN (0, 1, 12)
      GROUP BY ago, port) t;

CREATE TABLE country_totals AS
SELECT ago, country, packets, sources,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY packets DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (PARTITION BY ago ORDER BY sources DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT ago, country, SUM(packets) AS packets, SUM(sources) AS sources
      FROM country_days
      WHERE ago IN (0, 1, 12)
      GROUP BY ago, country) t;

-- The same over six months.
CREATE TABLE port_half AS
SELECT port,
       CAST(ROW_NUMBER() OVER (ORDER BY packets DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (ORDER BY sources DESC NULLS LAST, port NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT port, SUM(packets) AS packets, SUM(sources) AS sources
      FROM port_months
      WHERE class = 'access' AND ago <= 5
      GROUP BY port) t;

CREATE TABLE country_half AS
SELECT country,
       CAST(ROW_NUMBER() OVER (ORDER BY packets DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS place,
       CAST(ROW_NUMBER() OVER (ORDER BY sources DESC NULLS LAST, country NULLS LAST) AS BIGINT) AS source_place
FROM (SELECT country, SUM(packets) AS packets, SUM(sources) AS sources
      FROM country_days
      WHERE ago <= 5
      GROUP BY country) t;
