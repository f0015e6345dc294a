//! What a person reads, or what a program does with `--json`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
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
        let mut table = Table::new();
        table
            .load_style(UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(heading.iter().copied());
        table.add_rows(rows);
        self.line(&table.to_string())
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

    #[expect(clippy::unused_self, reason = "all output goes through one value")]
    fn line(&mut self, text: &str) -> Result<(), CliError> {
        match writeln!(anstream::stdout(), "{text}") {
            // A reader that has seen enough, such as `head`, isn't an error of ours.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}
