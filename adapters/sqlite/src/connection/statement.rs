//! What a text of SQL does to the connection that runs it, judged by the first word of each of its statements.
//!
//! SQLite has no statement that hides its kind: the first word decides. So reading just those words, past comments
//! and quoted text as SQLite's own tokenizer reads them, is enough to refuse what a scope can't allow, and to know
//! when a connection needs more than nothing before its next borrower.

/// The kind of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads and writes rows, and leaves nothing on the connection.
    Rows,
    /// Begins or ends a whole transaction.
    Transaction,
    /// Makes, releases or rolls back to a savepoint.
    Savepoint,
    /// Opens or closes another database file.
    Attach,
    /// Changes a setting of the connection.
    Setting,
    /// Renames or changes a table, for which SQLite reads every view again.
    Alter,
    /// Anything else: changes the schema.
    Schema,
}

/// The kinds of the statements in `sql`, in order.
pub(crate) fn kinds(sql: &str) -> impl Iterator<Item = Kind> + '_ {
    let mut tokens = Tokens { rest: sql };
    std::iter::from_fn(move || next_kind(&mut tokens))
}

fn next_kind(tokens: &mut Tokens<'_>) -> Option<Kind> {
    let first = tokens.find(|token| *token != Token::Semicolon)?;
    let (kind, last) = match first {
        Token::Word(word) => kind_of(&word.to_ascii_uppercase(), tokens),
        Token::Semicolon | Token::Other => (Kind::Schema, None),
    };
    if last != Some(Token::Semicolon) {
        tokens.skip_statement();
    }
    Some(kind)
}

/// The kind of the statement that begins with `word`, and the last token that was read to know it.
fn kind_of<'a>(word: &str, tokens: &mut Tokens<'a>) -> (Kind, Option<Token<'a>>) {
    match word {
        "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH" | "VALUES" => {
            (Kind::Rows, None)
        }
        "EXPLAIN" => {
            tokens.skip_trigger_body_after_explain();
            (Kind::Rows, Some(Token::Semicolon))
        }
        "ATTACH" | "DETACH" => (Kind::Attach, None),
        "BEGIN" | "COMMIT" | "END" => (Kind::Transaction, None),
        "SAVEPOINT" | "RELEASE" => (Kind::Savepoint, None),
        "ROLLBACK" => rollback(tokens),
        "PRAGMA" => (Kind::Setting, None),
        "ALTER" => (Kind::Alter, None),
        "CREATE" => {
            tokens.skip_created();
            (Kind::Schema, Some(Token::Semicolon))
        }
        _ => (Kind::Schema, None),
    }
}

/// `ROLLBACK TO name` keeps the transaction; `ROLLBACK` ends it.
fn rollback<'a>(tokens: &mut Tokens<'a>) -> (Kind, Option<Token<'a>>) {
    let mut last = None;
    while last != Some(Token::Semicolon) {
        last = tokens.next();
        match last {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("TO") => {
                return (Kind::Savepoint, last);
            }
            None => break,
            _ => {}
        }
    }
    (Kind::Transaction, Some(Token::Semicolon))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Semicolon,
    Other,
}

impl Token<'_> {
    fn is(self, word: &str) -> bool {
        matches!(self, Self::Word(found) if found.eq_ignore_ascii_case(word))
    }
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn skip_statement(&mut self) {
        self.find(|token| *token == Token::Semicolon);
    }

    /// The body of a trigger holds semicolons: it goes on to `; END ;`.
    fn skip_created(&mut self) {
        let mut token = self.next();
        while token.is_some_and(|token| token.is("TEMP") || token.is("TEMPORARY")) {
            token = self.next();
        }
        match token {
            Some(token) if token.is("TRIGGER") => self.skip_trigger_body(),
            Some(Token::Semicolon) | None => {}
            Some(_) => self.skip_statement(),
        }
    }

    fn skip_trigger_body(&mut self) {
        let mut after = [Token::Other; 2];
        for token in self.by_ref() {
            if token == Token::Semicolon && after[0] == Token::Semicolon && after[1].is("END") {
                return;
            }
            after = [after[1], token];
        }
    }

    fn skip_trigger_body_after_explain(&mut self) {
        for token in self.by_ref() {
            if token == Token::Semicolon {
                return;
            }
            if token.is("CREATE") {
                return self.skip_created();
            }
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Skips up to and with `end`, or all.
    fn skip_past(&mut self, from: usize, end: &str) {
        let body = &self.rest[from..];
        let length = body
            .find(end)
            .map_or(self.rest.len(), |at| from + at + end.len());
        self.take(length);
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            self.rest = self
                .rest
                .trim_start_matches([' ', '\t', '\n', '\r', '\x0c', '\u{feff}']);
            if self.rest.starts_with("--") {
                self.skip_past(2, "\n");
            } else if self.rest.starts_with("/*") && self.rest.len() > 2 {
                self.skip_past(2, "*/");
            } else {
                return;
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks_and_comments();
        let first = self.rest.chars().next()?;
        match first {
            ';' => {
                self.take(1);
                Some(Token::Semicolon)
            }
            // A doubled quote ends one token and begins the next, which comes to the same.
            '\'' | '"' | '`' => {
                self.skip_past(1, first.encode_utf8(&mut [0; 4]));
                Some(Token::Other)
            }
            '[' => {
                self.skip_past(1, "]");
                Some(Token::Other)
            }
            _ if is_word(first) => {
                let length = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                let word = self.take(length);
                if first.is_ascii_digit() || first == '$' {
                    Some(Token::Other)
                } else {
                    Some(Token::Word(word))
                }
            }
            _ => {
                self.take(first.len_utf8());
                Some(Token::Other)
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || character == '_'
        || character == '$'
        || !character.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::Kind::{Alter, Attach, Rows, Savepoint, Schema, Setting, Transaction};
    use super::*;

    fn kinds_of(sql: &str) -> Vec<Kind> {
        kinds(sql).collect()
    }

    #[test]
    fn the_first_word_decides_in_either_case_and_past_comments() {
        assert_eq!(kinds_of("select 1"), [Rows]);
        assert_eq!(kinds_of("/* select */ -- 1\n aTtAcH 'x' AS y"), [Attach]);
        assert_eq!(kinds_of("\u{feff}attach 'x' as y"), [Attach]);
        assert_eq!(kinds_of("/*/ select */ detach y"), [Attach]);
        assert_eq!(kinds_of(";; ;pragma foreign_keys = off;"), [Setting]);
        assert_eq!(kinds_of("vacuum"), [Schema]);
        assert_eq!(kinds_of("alter table a rename to b"), [Alter]);
        assert_eq!(kinds_of("  -- nothing"), []);
    }

    #[test]
    fn every_statement_of_a_batch_is_seen_and_quoted_text_is_not() {
        assert_eq!(
            kinds_of("select ';attach'; attach 'x' as y; insert into t values (1)"),
            [Rows, Attach, Rows]
        );
        assert_eq!(
            kinds_of(r#"select "a;""attach", [;attach], `;attach`"#),
            [Rows]
        );
        assert_eq!(kinds_of("select 'it''s; attach'"), [Rows]);
        assert_eq!(kinds_of("create table attach (attach)"), [Schema]);
        assert_eq!(kinds_of("select 1; attach'x'as y"), [Rows, Attach]);
    }

    #[test]
    fn a_rollback_to_a_savepoint_is_no_end_of_the_transaction() {
        assert_eq!(kinds_of("rollback"), [Transaction]);
        assert_eq!(
            kinds_of("rollback transaction; select 1"),
            [Transaction, Rows]
        );
        assert_eq!(
            kinds_of("rollback transaction to savepoint a; end"),
            [Savepoint, Transaction]
        );
        assert_eq!(
            kinds_of("begin immediate; release x; commit"),
            [Transaction, Savepoint, Transaction]
        );
    }

    #[test]
    fn the_body_of_a_trigger_is_one_statement() {
        let trigger = "create temp trigger t after insert on a begin update a set b = case when 1 \
                       then 2 end; delete from c; end; ";
        assert_eq!(
            kinds_of(&format!("{trigger} commit")),
            [Schema, Transaction]
        );
        assert_eq!(
            kinds_of(&format!("explain {trigger} commit")),
            [Rows, Transaction]
        );
        assert_eq!(
            kinds_of("explain query plan select 1; commit"),
            [Rows, Transaction]
        );
        assert_eq!(kinds_of("create; commit"), [Schema, Transaction]);
    }
}
