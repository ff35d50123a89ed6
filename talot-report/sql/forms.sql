-- In what form the days of points have their sources, this month (ago 0) and the one before, and of how many they can
-- be used as they are.
SELECT d.ago, d.sources_form AS form, COUNT(*) AS point_days, COUNT(p.date) AS plain
FROM counted d
LEFT JOIN plain p ON p.date = d.date AND p.point = d.point
WHERE d.ago <= 1
GROUP BY d.ago, d.sources_form
ORDER BY d.ago NULLS LAST, form NULLS LAST;
