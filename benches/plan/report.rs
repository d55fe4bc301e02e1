//! Tables in Markdown, ready for `docs/performance.md`.

use std::io::{self, Write};
use std::time::Duration;

use crate::usage::Summary;

/// A row of a table of costs.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) cost: Summary,
}

/// Writes `rows`; the last column compares each with `yardstick`, by the least processor time.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_costs(
    out: &mut impl Write,
    rows: &[Row],
    yardstick: &Summary,
    yardstick_name: &str,
) -> io::Result<()> {
    let header = ["", "CPU s", "median", "wall s", "median", "peak MiB"].map(str::to_owned);
    let header: Vec<String> = header.into_iter().chain([format!("× {yardstick_name}")]).collect();
    let lines = rows.iter().map(|Row { what, cost }| {
        vec![
            what.clone(),
            seconds(cost.least.cpu),
            seconds(cost.median.cpu),
            seconds(cost.least.wall),
            seconds(cost.median.wall),
            mebibytes(cost.peak),
            format!("{:.2}", ratio(cost, yardstick)),
        ]
    });
    write_table(out, &header, lines)
}

/// Writes what each step costs and its share of all.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_shares(out: &mut impl Write, titles: &[&str], columns: &[(&str, Vec<Summary>)]) -> io::Result<()> {
    let mut header = vec!["step".to_owned()];
    for (title, _) in columns {
        header.extend([format!("{title}: CPU s"), "share".to_owned()]);
    }
    let total = |costs: &[Summary]| costs.iter().map(|cost| cost.median.cpu).sum::<Duration>();
    let mut lines = Vec::new();
    for (index, title) in titles.iter().enumerate() {
        let mut line = vec![(*title).to_owned()];
        for (_, costs) in columns {
            let cpu = costs[index].median.cpu;
            let share = 100.0 * cpu.as_secs_f64() / total(costs).as_secs_f64().max(f64::MIN_POSITIVE);
            line.extend([seconds(cpu), format!("{share:.0} %")]);
        }
        lines.push(line);
    }
    let sums = columns.iter().flat_map(|(_, costs)| [seconds(total(costs)), String::new()]);
    lines.push(std::iter::once("all".to_owned()).chain(sums).collect());
    write_table(out, &header, lines)
}

/// A promise about speed and what was measured.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) what: String,
    /// What was measured, in `unit`.
    pub(crate) measured: f64,
    /// The most that is allowed.
    pub(crate) most: f64,
    pub(crate) unit: &'static str,
}

impl Limit {
    /// Whether the promise is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.measured <= self.most
    }
}

/// Writes `limits` with whether each is kept.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_limits(out: &mut impl Write, limits: &[Limit]) -> io::Result<()> {
    let header = ["limit", "at most", "measured", ""].map(str::to_owned);
    let lines = limits.iter().map(|limit| {
        let Limit { what, measured, most, unit } = limit;
        let verdict = if limit.is_kept() { "kept" } else { "**missed**" };
        vec![what.clone(), format!("{most}{unit}"), format!("{measured:.2}{unit}"), verdict.to_owned()]
    });
    write_table(out, &header, lines)
}

/// How many times the processor time of `yardstick` something costs.
pub(crate) fn ratio(cost: &Summary, yardstick: &Summary) -> f64 {
    cost.least.cpu.as_secs_f64() / yardstick.least.cpu.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// A number with a separator between thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in MiB, with one decimal.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// A time in seconds, with three decimals.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Writes a table whose columns are aligned: the first to the left, the others to the right.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_table(
    out: &mut impl Write,
    header: &[String],
    lines: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    let lines: Vec<Vec<String>> = lines.into_iter().collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column)).chain(header.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut write_line = |line: &[String]| {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            if column == 0 { write!(out, "| {cell:<width$} ")? } else { write!(out, "| {cell:>width$} ")? }
        }
        writeln!(out, "|")
    };
    write_line(header)?;
    let rule: Vec<String> = widths
        .iter()
        .enumerate()
        .map(|(column, width)| if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) })
        .collect();
    write_line(&rule)?;
    lines.iter().try_for_each(|line| write_line(line))
}
