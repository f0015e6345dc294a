use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use tenantry::cache::{
    CacheError, Expiry, Generation, KeyPattern, KeySpace, Remaining, ScanCursor, ScanPage,
    ScanStep, StoredKey, Swap, Usage, WriteOptions,
};
use tenantry::ports::Cache;

use crate::RedisCache;
use crate::cache::{GENERATION_LIFETIME, new_generation, with_books};
use crate::call::Call;
use crate::position::Position;
use crate::scripts;

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &StoredKey) -> Result<Option<Vec<u8>>, CacheError> {
        self.ask(Call::command("GET").arg(key.as_str())).await
    }

    async fn set(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        let written = Written::new(key, options, "any");
        self.write_one(written, value).await?;
        Ok(())
    }

    async fn delete(&self, key: &StoredKey) -> Result<bool, CacheError> {
        let gone = self.delete_stored(key.owner(), &[key.as_str()]).await?;
        Ok(gone > 0)
    }

    async fn exists(&self, key: &StoredKey) -> Result<bool, CacheError> {
        self.ask(Call::command("EXISTS").arg(key.as_str())).await
    }

    async fn remaining(&self, key: &StoredKey) -> Result<Remaining, CacheError> {
        let millis: i64 = self.ask(Call::command("PTTL").arg(key.as_str())).await?;
        Ok(match u64::try_from(millis) {
            Ok(millis) => Remaining::Expires(Duration::from_millis(millis)),
            Err(_) if millis == -1 => Remaining::Forever,
            Err(_) => Remaining::Absent,
        })
    }

    async fn set_expiry(
        &self,
        key: &StoredKey,
        expiry: Option<Expiry>,
    ) -> Result<bool, CacheError> {
        let call = with_books(&scripts::EXPIRE, key.owner(), [key.as_str()])
            .expiry(expiry.map(Expiry::as_millis));
        self.ask(call).await
    }

    async fn get_many(&self, keys: &[StoredKey]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(Call::command("MGET").keys(keys)).await
    }

    async fn set_many(
        &self,
        entries: &[(StoredKey, Vec<u8>)],
        options: WriteOptions,
    ) -> Result<(), CacheError> {
        let Some((first, _)) = entries.first() else {
            return Ok(());
        };
        let keys = entries.iter().map(|(key, _)| key.as_str());
        let call = with_books(&scripts::WRITE, first.owner(), keys)
            .limits(options)
            .expiry(options.expiry.map(Expiry::as_millis))
            .arg("any")
            .arg("");
        let call = entries
            .iter()
            .fold(call, |call, (_, value)| call.arg(value.as_slice()));
        let _: String = self.write(call, first.owner(), options).await?;
        Ok(())
    }

    async fn delete_many(&self, keys: &[StoredKey]) -> Result<u64, CacheError> {
        let Some(first) = keys.first() else {
            return Ok(0);
        };
        let stored: Vec<_> = keys.iter().map(StoredKey::as_str).collect();
        self.delete_stored(first.owner(), &stored).await
    }

    async fn increment(
        &self,
        key: &StoredKey,
        by: i64,
        options: WriteOptions,
    ) -> Result<i64, CacheError> {
        let call = with_books(&scripts::INCREMENT, key.owner(), [key.as_str()])
            .limits(options)
            .expiry(options.expiry.map(Expiry::as_millis))
            .arg(by)
            .once();
        let Counted(answer) = self.write(call, key.owner(), options).await?;
        let key = || key.clone();
        match (answer.first().map(String::as_str), answer.get(1)) {
            (Some("done"), Some(sum)) => sum.parse().map_err(unexpected),
            (Some("overflow"), _) => Err(CacheError::Overflow { key: key() }),
            (Some("number"), _) => Err(CacheError::NotANumber { key: key() }),
            _ => Err(unexpected(format!("the script answered {answer:?}"))),
        }
    }

    async fn set_if_absent(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
    ) -> Result<bool, CacheError> {
        let written = Written::new(key, options, "absent");
        let answer = self.write_one(written, value).await?;
        Ok(answer == "done")
    }

    async fn compare_and_swap(
        &self,
        key: &StoredKey,
        expected: &[u8],
        new: &[u8],
        options: WriteOptions,
    ) -> Result<Swap, CacheError> {
        let call = with_books(&scripts::SWAP, key.owner(), [key.as_str()])
            .limits(options)
            .arg(expected)
            .arg(new)
            .once();
        let answer: String = self.write(call, key.owner(), options).await?;
        match answer.as_str() {
            "done" => Ok(Swap::Swapped),
            "different" => Ok(Swap::Different),
            "absent" => Ok(Swap::Absent),
            other => Err(unexpected(format!("the script answered {other:?}"))),
        }
    }

    async fn scan(
        &self,
        space: &KeySpace,
        pattern: &KeyPattern,
        from: Option<ScanCursor>,
        step: ScanStep,
    ) -> Result<ScanPage, CacheError> {
        let from = Position::read(from.as_ref())?;
        let start = space.start_of(pattern);
        let step = self.step(space.owner(), &start, &from, step).await?;
        let meant = step.found.iter().filter_map(|key| space.find(pattern, key));
        Ok(ScanPage {
            keys: meant.collect(),
            next: step.next.map(|next| next.write()),
        })
    }

    async fn usage(&self, space: &KeySpace) -> Result<Usage, CacheError> {
        let mut usage = Usage::default();
        let mut seen = BTreeSet::new();
        let mut next = Some(Position::default());
        while let Some(from) = next {
            let step = ScanStep::default();
            let step = self
                .step(space.owner(), space.prefix(), &from, step)
                .await?;
            if step.anew {
                seen.clear();
                usage = Usage::default();
            }
            for size in self.sizes(step.found, &mut seen).await? {
                usage.keys += 1;
                usage.bytes += size;
            }
            next = step.next;
        }
        Ok(usage)
    }

    async fn flush(&self, space: &KeySpace) -> Result<u64, CacheError> {
        self.begin_generations(space.owner()).await?;
        let mut gone = 0;
        let mut next = Some(Position::default());
        while let Some(from) = next {
            let step = ScanStep::default();
            let step = self
                .step(space.owner(), space.prefix(), &from, step)
                .await?;
            if !step.found.is_empty() {
                let found: Vec<_> = step.found.iter().map(String::as_str).collect();
                gone += self.delete_stored(space.owner(), &found).await?;
            }
            next = step.next;
        }
        Ok(gone)
    }

    async fn generation(&self, key: &StoredKey) -> Result<Generation, CacheError> {
        let call = with_books(&scripts::GENERATION, key.owner(), [key.as_str()])
            .arg(new_generation())
            .arg(GENERATION_LIFETIME);
        let name: String = self.ask(call).await?;
        Ok(Generation::new(name))
    }

    async fn set_if_current(
        &self,
        key: &StoredKey,
        value: &[u8],
        options: WriteOptions,
        generation: &Generation,
    ) -> Result<bool, CacheError> {
        let mut written = Written::new(key, options, "current");
        written.generation = generation.as_str();
        let answer = self.write_one(written, value).await?;
        Ok(answer == "done")
    }
}

/// One entry that is written on a condition.
struct Written<'a> {
    key: &'a StoredKey,
    options: WriteOptions,
    condition: &'static str,
    generation: &'a str,
}

impl<'a> Written<'a> {
    fn new(key: &'a StoredKey, options: WriteOptions, condition: &'static str) -> Self {
        Self {
            key,
            options,
            condition,
            generation: "",
        }
    }
}

impl RedisCache {
    async fn write_one(&self, written: Written<'_>, value: &[u8]) -> Result<String, CacheError> {
        let Written {
            key,
            options,
            condition,
            generation,
        } = written;
        let call = with_books(&scripts::WRITE, key.owner(), [key.as_str()])
            .limits(options)
            .expiry(options.expiry.map(Expiry::as_millis))
            .arg(condition)
            .arg(generation)
            .arg(value);
        // Whoever repeats a write on a condition may find what it wrote itself.
        let call = if condition == "any" {
            call
        } else {
            call.once()
        };
        self.write(call, key.owner(), options).await
    }
}

/// What the script that counts answers: a word, and a sum if the word is `done`.
struct Counted(Vec<String>);

impl AsRef<str> for Counted {
    fn as_ref(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

impl redis::FromRedisValue for Counted {
    fn from_redis_value(value: redis::Value) -> Result<Self, redis::ParsingError> {
        Vec::from_redis_value(value).map(Self)
    }
}

fn unexpected(error: impl Into<tenantry::BoxError>) -> CacheError {
    CacheError::Failed {
        source: error.into(),
    }
}
