//! What a person reads, or what a program does with `--json`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use serde_json::{Value, json};
use tenantry::Tenant;

use crate::error::{CliError, chain};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// Where a command's answers go: to people by default, to programs with `--json`.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads along.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One answer, in both forms.
    pub(crate) fn answer(&mut self, text: &str, value: &Value) -> Result<(), CliError> {
        if self.json {
            self.value(value)
        } else {
            self.line(text)
        }
    }

    /// One tenant, after something was done to it.
    pub(crate) fn tenant(&mut self, text: &str, tenant: &Tenant) -> Result<(), CliError> {
        self.answer(text, &json!(tenant))
    }

    /// A table of rows below a heading, or a list of objects.
    pub(crate) fn table(
        &mut self,
        heading: &[&str],
        rows: Vec<Vec<String>>,
        values: &Value,
    ) -> Result<(), CliError> {
        if self.json {
            return self.value(values);
        }
        let width = Table::new().width();
        self.line(&arranged(heading, rows, width))
    }

    /// What is known of one thing, in lines that are never broken, or as an object.
    pub(crate) fn facts(
        &mut self,
        facts: &[(&str, String)],
        value: &Value,
    ) -> Result<(), CliError> {
        if self.json {
            return self.value(value);
        }
        let facts: Vec<_> = facts.iter().map(|(key, said)| (*key, &**said)).collect();
        self.line(&lines_of(&facts))
    }

    /// A heading of a part of the output. Nothing in JSON.
    pub(crate) fn heading(&mut self, text: &str) -> Result<(), CliError> {
        self.styled(STRONG, text)
    }

    /// Something that went as it should.
    pub(crate) fn good(&mut self, text: &str) -> Result<(), CliError> {
        self.marked(GOOD, "✓", text)
    }

    /// Something that works, and wants a look.
    pub(crate) fn doubtful(&mut self, text: &str) -> Result<(), CliError> {
        self.marked(DOUBTFUL, "!", text)
    }

    /// Something that didn't.
    pub(crate) fn bad(&mut self, text: &str) -> Result<(), CliError> {
        self.marked(BAD, "✗", text)
    }

    /// Something beside the point.
    pub(crate) fn aside(&mut self, text: &str) -> Result<(), CliError> {
        self.styled(FAINT, text)
    }

    /// Something beside an answer that programs read, on standard error.
    #[expect(clippy::unused_self, reason = "all output goes through one value")]
    pub(crate) fn beside(&mut self, text: &str) {
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// What a command died of, on standard error, with its causes.
    pub(crate) fn failure(&mut self, error: &CliError) {
        let causes = chain(error);
        let mut stderr = anstream::stderr();
        // Nobody is left to tell if standard error is closed.
        let _ = if self.json {
            writeln!(stderr, "{}", json!({ "error": causes }))
        } else {
            writeln!(
                stderr,
                "{BAD}error:{BAD:#} {}",
                causes.join("\n  because: ")
            )
        };
    }

    /// A value as one line of JSON.
    pub(crate) fn value(&mut self, value: &Value) -> Result<(), CliError> {
        self.line(&value.to_string())
    }

    fn styled(&mut self, style: Style, text: &str) -> Result<(), CliError> {
        if self.json {
            Ok(())
        } else {
            self.line(&format!("{style}{text}{style:#}"))
        }
    }

    fn marked(&mut self, style: Style, mark: &str, text: &str) -> Result<(), CliError> {
        if self.json {
            Ok(())
        } else {
            self.line(&format!("  {style}{mark}{style:#} {text}"))
        }
    }

    /// What another program made, as it is.
    #[expect(clippy::unused_self, reason = "all output goes through one value")]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        match io::stdout().lock().write_all(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// A line that people read.
    #[expect(clippy::unused_self, reason = "all output goes through one value")]
    pub(crate) fn line(&mut self, text: &str) -> Result<(), CliError> {
        match writeln!(anstream::stdout(), "{text}") {
            // A reader that has seen enough, such as `head`, isn't an error of ours.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

/// What somebody else wrote, without what would move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && c != '\n' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// A table in which every word is whole, so that an id can be copied; where it would be too wide, the facts of each row.
fn arranged(heading: &[&str], rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    let words: Vec<_> = (0..heading.len())
        .map(|column| longest_word(heading, &rows, column))
        .collect();
    let needed = words.iter().fold(0, |sum: u16, word| {
        sum.saturating_add(word.saturating_add(PADDING))
    });
    if width.is_some_and(|width| needed > width) {
        let row = |cells: &Vec<String>| {
            let cells = cells.iter().map(String::as_str);
            lines_of(&heading.iter().copied().zip(cells).collect::<Vec<_>>())
        };
        return rows.iter().map(row).collect::<Vec<_>>().join("\n\n");
    }
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(heading.iter().copied());
    table.add_rows(rows);
    for (column, word) in table.column_iter_mut().zip(words) {
        let least = Width::Fixed(word.saturating_add(PADDING));
        column.set_constraint(ColumnConstraint::LowerBoundary(least));
    }
    table.to_string()
}

/// A blank on each side of a cell.
const PADDING: u16 = 2;

fn longest_word(heading: &[&str], rows: &[Vec<String>], column: usize) -> u16 {
    let cells = rows.iter().filter_map(|row| row.get(column));
    let words = cells
        .map(String::as_str)
        .chain(heading.get(column).copied())
        .flat_map(str::split_whitespace);
    let longest = words.map(|word| word.chars().count()).max().unwrap_or(0);
    u16::try_from(longest).unwrap_or(u16::MAX)
}

/// A line for each fact, and further ones for what has several.
fn lines_of(facts: &[(&str, &str)]) -> String {
    let widest = facts.iter().map(|(key, _)| key.chars().count()).max();
    let widest = widest.unwrap_or(0);
    let mut lines = Vec::new();
    for (key, said) in facts {
        let mut said = said.lines();
        let first = said.next().unwrap_or_default();
        lines.push(format!("{key:widest$}  {first}"));
        lines.extend(said.map(|line| format!("{:widest$}  {line}", "")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn rows() -> Vec<Vec<String>> {
        let row = [ID, "acme", "a rather long text of several words"];
        vec![row.map(str::to_owned).to_vec(); 2]
    }

    #[test]
    fn a_table_breaks_texts_between_words_and_no_id() {
        let heading = ["id", "of", "error"];
        let narrow = arranged(&heading, rows(), Some(60));
        assert_eq!(narrow.matches(ID).count(), 2, "{narrow}");
        assert!(narrow.lines().all(|line| line.chars().count() <= 60));
        assert!(
            !narrow.contains("of several words"),
            "it is broken:\n{narrow}"
        );
        assert!(narrow.contains("several"), "{narrow}");
    }

    #[test]
    fn where_a_table_is_too_wide_each_row_is_a_list() {
        let shown = arranged(&["id", "of", "error"], rows(), Some(40));
        let row = format!("id     {ID}\nof     acme\nerror  a rather long text of several words");
        assert_eq!(shown, format!("{row}\n\n{row}"));
        let nothing = arranged(&["id", "of", "error"], Vec::new(), Some(10));
        assert_eq!(nothing, "");
    }

    #[test]
    fn facts_keep_their_lines() {
        let facts = [("id", ID), ("error", "first\nsecond")];
        let expected = format!("id     {ID}\nerror  first\n       second");
        assert_eq!(lines_of(&facts), expected);
    }
}
