use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, ServerErrorKind,
};
use tenantry::cache::CacheError;
use tokio::time::{Instant, timeout_at};

use crate::call::Call;
use crate::error::{breaks_connection, sorted};
use crate::held::{Held, Holder};
use crate::{RedisSettings, RedisSettingsError};

/// The one connection, which all calls share, and which is replaced when it is of no further use.
pub(crate) struct Link {
    client: Client,
    round_trip: Duration,
    holder: Holder<MultiplexedConnection>,
    made_at: Instant,
    /// When the last call began that was answered, in milliseconds since the link was made.
    heard_at: AtomicU64,
}

/// After so long without an answer, a connection may have been closed.
const IDLE: Duration = Duration::from_secs(1);

impl Link {
    pub(crate) fn new(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        Ok(Self::to(settings.client()?, settings.round_trip()))
    }

    pub(crate) fn to(client: Client, round_trip: Duration) -> Self {
        Self {
            client,
            round_trip,
            holder: Holder::new(),
            made_at: Instant::now(),
            heard_at: AtomicU64::new(0),
        }
    }

    /// Makes one round trip, within the deadline. A connection that was lost is replaced once, if the call can be
    /// repeated. If it can't, one that was idle is tried first, since the server may have closed it meanwhile.
    pub(crate) async fn call<T: FromRedisValue>(&self, call: &Call) -> Result<T, CacheError> {
        let deadline = Instant::now() + self.round_trip;
        self.call_until(deadline, call).await?.map_err(sorted)
    }

    /// The same, with what the server or the connection said as it is; the error is that nobody said anything in time.
    pub(crate) async fn call_until<T: FromRedisValue>(
        &self,
        deadline: Instant,
        call: &Call,
    ) -> Result<Result<T, RedisError>, CacheError> {
        if !call.repeatable && self.was_idle() {
            let pong: Result<(), _> = self.within(deadline, &Call::command("PING")).await?;
            if let Err(error) = pong {
                return Ok(Err(error));
            }
        }
        self.within(deadline, call).await
    }

    async fn within<T: FromRedisValue>(
        &self,
        deadline: Instant,
        call: &Call,
    ) -> Result<Result<T, RedisError>, CacheError> {
        let mut used = None;
        let answer = timeout_at(deadline, async {
            let answer = self.attempt(call, &mut used).await;
            match answer {
                Err(error) if call.repeatable && used.is_some() && breaks_connection(&error) => {
                    used = None;
                    self.attempt(call, &mut used).await
                }
                answer => answer,
            }
        })
        .await;
        match answer {
            Ok(answer) => {
                self.hear(deadline);
                Ok(answer)
            }
            Err(_) => Err(self.timed_out(used)),
        }
    }

    fn was_idle(&self) -> bool {
        let heard_at = Duration::from_millis(self.heard_at.load(Ordering::Relaxed));
        self.made_at.elapsed().saturating_sub(heard_at) > IDLE
    }

    /// Notes a call that was answered: by when it began, which is known, and at worst costs a `PING` more.
    fn hear(&self, deadline: Instant) {
        let begun_at = (deadline - self.made_at).saturating_sub(self.round_trip);
        let millis = u64::try_from(begun_at.as_millis()).unwrap_or(u64::MAX);
        self.heard_at.store(millis, Ordering::Relaxed);
    }

    /// A connection that didn't answer in time may never do so again, and what it still sends is nobody's.
    fn timed_out(&self, used: Option<u64>) -> CacheError {
        if let Some(number) = used {
            self.holder.discard(number);
        }
        CacheError::TimedOut {
            waited: self.round_trip,
        }
    }

    async fn attempt<T: FromRedisValue>(
        &self,
        call: &Call,
        used: &mut Option<u64>,
    ) -> Result<T, RedisError> {
        let Held {
            mut connection,
            number,
        } = self.holder.get_or_connect(self.connect()).await?;
        *used = Some(number);
        let mut answer = call.send(&mut connection).await;
        if let (Err(error), Some(script)) = (&answer, call.script)
            && error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
        {
            script.load_async(&mut connection).await?;
            answer = call.send(&mut connection).await;
        }
        if answer.as_ref().is_err_and(breaks_connection) {
            self.holder.discard(number);
        }
        answer
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // Deadlines are ours, over connecting and waiting together.
        let unlimited = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        self.client
            .get_multiplexed_async_connection_with_config(&unlimited)
            .await
    }
}
