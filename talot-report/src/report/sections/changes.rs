//! Section 1.3: what rose and what fell.

use super::{
    super::{
        model::{Block, Section},
        study::Study,
    },
    averages::nothing_before,
    causes::Causes,
    single::single,
};
use crate::words::Words;

pub(super) fn section(study: &Study<'_>) -> Section {
    let mut blocks = Vec::new();
    if study.totals(1).is_some() {
        let mut moves = study.moves();
        moves.retain(|each| {
            each.difference()
                .is_some_and(|difference| !difference.is_zero())
        });
        moves.sort_by_key(|each| (each.exact(), each.port));
        let fell: Vec<_> = moves
            .iter()
            .filter(|each| each.exact() < 0)
            .take(3)
            .collect();
        let mut rose: Vec<_> = moves.iter().filter(|each| each.exact() > 0).collect();
        rose.sort_by_key(|each| (-each.exact(), each.port));
        rose.truncate(3);
        let intro = Words::default().figure("1-2").text(format!(
            " compares the accesses of {} with those of {}, by destination (port type).",
            study.month.name(),
            study.month_before().name()
        ));
        let intro = match (rose.as_slice(), fell.as_slice()) {
            ([], []) => {
                intro.text(" No port changed by a tenth of an access per point and day or more.")
            }
            ([], [fell, ..]) => {
                intro.text(format!(" Access to {} fell most; none rose by as much as a tenth of an access per point and day.", fell.port))
            }
            ([rose, ..], []) => {
                intro.text(format!(" Access to {} rose most; none fell by as much as a tenth of an access per point and day.", rose.port))
            }
            ([rose, ..], [fell, ..]) => intro.text(format!(
                " Access to {} fell most, access to {} rose most.",
                fell.port, rose.port
            )),
        };
        blocks.push(Block::Paragraph(intro.done()));
        blocks.push(study.ports_against_last_month());
        let causes = Causes::of(study);
        for (title, moves) in [("What fell most", fell), ("What rose most", rose)] {
            if !moves.is_empty() {
                blocks.push(Block::Paragraph(
                    Words::default().strong(format!("{title}.")).done(),
                ));
                blocks.push(Block::List(
                    moves.iter().map(|each| causes.sentence(each)).collect(),
                ));
            }
        }
        blocks.push(study.causes_table(&causes, &moves));
    } else {
        let words = Words::new(nothing_before(study));
        blocks.push(Block::Paragraph(words.done()));
    }
    for words in single(study) {
        blocks.push(Block::Paragraph(words));
    }
    blocks.push(study.rising());
    study.section("changes", "What rose and what fell", blocks, Vec::new())
}
