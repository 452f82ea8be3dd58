//! `avouch border`: how many people's data went abroad, and which thresholds of the law are near.

use clap::Args;

use super::Where;
use crate::output::{self, Failure, Found};

/// Say how many people's data went abroad this year, and what is to be seen to.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch border --data avouch-data\n\nEnds with 3 while a threshold waits to be seen to."
)]
pub(crate) struct Border {
    #[command(flatten)]
    place: Where,
}

/// Characters of a whole bar.
const WIDTH: u64 = 40;

impl Border {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let border = opened.app.border().await?;
        output::answer(json, &border, || {
            let Some(border) = &border else { return "The law in force counts nobody.".to_owned() };
            let mut lines = Vec::new();
            for year in &border.years {
                lines.push(format!("{}", year.year));
                for m in &year.thresholds {
                    let full = (u64::from(m.people) * WIDTH).checked_div(u64::from(m.threshold)).unwrap_or(WIDTH);
                    let full = usize::try_from(full.min(WIDTH)).unwrap_or_default();
                    let bar: String = std::iter::repeat_n('#', full).chain(std::iter::repeat('.')).take(40).collect();
                    let (counted, people, threshold) = (m.counted, m.people, m.threshold);
                    lines.push(format!("  {counted:<9} {bar} {people} of {threshold} ({})", m.citation));
                }
            }
            for task in border.tasks.iter().filter(|t| t.mark.done.is_none()) {
                let what = if task.mark.reached { "reached" } else { "near" };
                let open = if task.provisional { ", provisional" } else { "" };
                lines
                    .push(format!("to do by {}{open}: {} people {what} ({})", task.due, task.people, task.mark.record));
            }
            lines.join("\n")
        });
        let waits = border.is_some_and(|border| border.tasks.iter().any(|task| task.mark.done.is_none()));
        Ok(if waits { Found::Something } else { Found::Nothing })
    }
}
