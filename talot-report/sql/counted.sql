-- The days of points that count, and how long they were watched. It reads the view `coverage` and the tables of
-- parameters.sql.
--
-- `ago` counts months back from the month of the report, which is 0.

-- The days of points that count. Valid seconds: those observed, on a day brought to 86,400 seconds.
CREATE TABLE counted AS
SELECT c.date, c.point, k.month, k.ago, k.baseline, c.sources_form,
       CAST((c.observed_seconds * 86400 - (c.observed_seconds * 86400) % c.expected_seconds)
            / c.expected_seconds AS BIGINT) AS valid_seconds
FROM coverage c
JOIN calendar k ON k.date = c.date
LEFT JOIN left_out l ON l.date = c.date AND l.point = c.point
WHERE c.status <> 'maintenance' AND l.date IS NULL;

CREATE TABLE counted_months AS
SELECT month, ago, SUM(valid_seconds) AS valid_seconds, COUNT(*) AS point_days,
       COUNT(DISTINCT CASE WHEN valid_seconds > 0 THEN point END) AS points
FROM counted
GROUP BY month, ago;

CREATE TABLE counted_points AS
SELECT point, SUM(CASE WHEN ago = 0 THEN valid_seconds ELSE 0 END) AS valid_seconds,
       SUM(CASE WHEN ago = 1 THEN valid_seconds ELSE 0 END) AS valid_seconds_before,
       SUM(CASE WHEN baseline = 1 THEN valid_seconds ELSE 0 END) AS baseline_valid_seconds
FROM counted
WHERE ago <= 1 OR baseline = 1
GROUP BY point;
