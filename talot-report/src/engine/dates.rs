//! Which days a query asks for.

use datafusion::{
    logical_expr::{Expr, Operator},
    scalar::ScalarValue,
};

/// Whether a filter can be true on a day, counted from 1970-01-01. What it does not understand might be.
pub(super) fn may_hold(filter: &Expr, day: i32) -> bool {
    match bound(filter) {
        Some((operator, limit)) => match operator {
            Operator::Eq => day == limit,
            Operator::Lt => day < limit,
            Operator::LtEq => day <= limit,
            Operator::Gt => day > limit,
            Operator::GtEq => day >= limit,
            _ => true,
        },
        None => true,
    }
}

/// Whether a filter is about the days of files.
pub(super) fn is_about_days(filter: &Expr) -> bool {
    bound(filter).is_some()
}

/// `date OPERATOR DAY`.
fn bound(filter: &Expr) -> Option<(Operator, i32)> {
    let Expr::BinaryExpr(compared) = filter else {
        return None;
    };
    let (Expr::Column(column), Expr::Literal(ScalarValue::Date32(Some(day)), _)) =
        (compared.left.as_ref(), compared.right.as_ref())
    else {
        return None;
    };
    (column.name == "date").then_some((compared.op, *day))
}

#[cfg(test)]
mod tests {
    use datafusion::{
        logical_expr::{col, lit},
        scalar::ScalarValue,
    };

    use super::*;

    #[test]
    fn files_of_days_that_cannot_be_meant_are_passed_over() {
        let day = || lit(ScalarValue::Date32(Some(100)));
        let held = |filter: &Expr| [99, 100, 101].map(|day| may_hold(filter, day));
        assert_eq!(held(&col("date").lt(day())), [true, false, false]);
        assert_eq!(held(&col("date").lt_eq(day())), [true, true, false]);
        assert_eq!(held(&col("date").eq(day())), [false, true, false]);
        assert_eq!(held(&col("date").gt_eq(day())), [false, true, true]);
        assert_eq!(held(&col("date").gt(day())), [false, false, true]);
        let others = [
            col("closed_at").eq(day()),
            col("date").not_eq(day()),
            col("date").lt(col("other")),
            col("date").is_null(),
        ];
        for filter in others {
            assert_eq!(held(&filter), [true; 3], "{filter}");
        }
    }
}
