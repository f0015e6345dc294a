use redis::{Cmd, Script, ToRedisArgs};
use tenantry::cache::{StoredKey, WriteOptions};

/// One round trip: a command, or a script by its hash.
pub(crate) struct Call {
    pub(crate) command: Cmd,
    pub(crate) script: Option<&'static Script>,
    /// Whether doing it twice does and answers the same as doing it once.
    pub(crate) repeatable: bool,
}

impl Call {
    pub(crate) fn command(name: &str) -> Self {
        Self {
            command: redis::cmd(name),
            script: None,
            repeatable: true,
        }
    }

    pub(crate) fn script(script: &'static Script, keys: &[&str]) -> Self {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.get_hash()).arg(keys.len()).arg(keys);
        Self {
            command,
            script: Some(script),
            repeatable: true,
        }
    }

    pub(crate) fn once(self) -> Self {
        Self {
            repeatable: false,
            ..self
        }
    }

    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn keys(self, keys: &[StoredKey]) -> Self {
        keys.iter().fold(self, |call, key| call.arg(key.as_str()))
    }

    /// The limits of the budget, empty for none, as every script that writes takes them first.
    pub(crate) fn limits(self, options: WriteOptions) -> Self {
        let budget = options.budget.unwrap_or_default();
        self.arg(text(budget.keys)).arg(text(budget.bytes))
    }

    pub(crate) fn expiry(self, millis: Option<u64>) -> Self {
        self.arg(text(millis))
    }
}

fn text(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
