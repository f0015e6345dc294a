use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisError, Script, ToRedisArgs, Value};
use tenantry::cache::{StoredKey, WriteOptions};

/// One round trip: a command, or a script by its hash.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) command: Cmd,
    pub(crate) script: Option<&'static Script>,
    /// Whether doing it twice does and answers the same as doing it once.
    pub(crate) repeatable: bool,
    company: Option<Company>,
}

/// What a cluster's node is told along with the command, in the same trip.
#[derive(Clone)]
enum Company {
    /// Before it: that it may take the slot for its own, which it gets just now.
    Asking,
    /// After it: to read this key, which it only does if it serves the slot.
    Proof(String),
}

impl Call {
    pub(crate) fn command(name: &str) -> Self {
        Self {
            command: redis::cmd(name),
            script: None,
            repeatable: true,
            company: None,
        }
    }

    pub(crate) fn script(script: &'static Script, keys: &[&str]) -> Self {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.get_hash()).arg(keys.len()).arg(keys);
        Self {
            command,
            script: Some(script),
            repeatable: true,
            company: None,
        }
    }

    pub(crate) fn once(self) -> Self {
        Self {
            repeatable: false,
            ..self
        }
    }

    /// The same call for a node that said to be asked, this once.
    pub(crate) fn asking(&self) -> Self {
        Self {
            company: Some(Company::Asking),
            ..self.clone()
        }
    }

    /// Fails, as reading this key does, on a node that doesn't serve the key's slot alone.
    pub(crate) fn proving(self, key: &str) -> Self {
        Self {
            company: Some(Company::Proof(key.to_owned())),
            ..self
        }
    }

    /// The first of its keys: all are in one slot.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        let at = if self.script.is_some() { 3 } else { 1 };
        match self.command.args_iter().nth(at)? {
            redis::Arg::Simple(key) => Some(key),
            _ => None,
        }
    }

    pub(crate) async fn send<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<T, RedisError> {
        let mut pipe = redis::pipe();
        let at = match &self.company {
            None => return self.command.query_async(connection).await,
            Some(Company::Asking) => {
                pipe.cmd("ASKING").add_command(self.command.clone());
                1
            }
            Some(Company::Proof(key)) => {
                pipe.add_command(self.command.clone()).exists(key);
                0
            }
        };
        let answers: Vec<Result<Value, RedisError>> =
            pipe.ignore_errors().query_async(connection).await?;
        let mut answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(T::from_redis_value(answers.swap_remove(at))?)
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
