-- What every script that writes begins with: the books of an owner who has a budget, and its generations.
--
-- KEYS[1] is a sorted set of its entries by the millisecond in which they expire, KEYS[2] a hash of their sizes in
-- bytes, with the sum under "" and a cursor under "%"; stored keys are neither. The books are kept from the first write
-- under a budget on, by every script.
-- KEYS[3] is a hash with the name of the owner's generation under "", and how often the entries of each stripe were
-- changed since. It is there only if somebody has asked for a generation.
local expiries, sizes, generations = KEYS[1], KEYS[2], KEYS[3]

-- Entries are told apart by 256 stripes, so that the hash stays small.
local function stripe(key)
  return string.sub(redis.sha1hex(key), 1, 2)
end

local function generation_of(key)
  local name = redis.call('HGET', generations, '')
  if not name then return nil end
  return name .. '.' .. (redis.call('HGET', generations, stripe(key)) or '0')
end

-- What was computed for these entries before is outdated.
local function begin_generations(first_key)
  if redis.call('EXISTS', generations) == 0 then return end
  for index = first_key, #KEYS do redis.call('HINCRBY', generations, stripe(KEYS[index]), 1) end
end

local function kept()
  return redis.call('EXISTS', expiries) == 1
end

local function milliseconds(number)
  return string.format('%.0f', number)
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function forget(key)
  local size = redis.call('HGET', sizes, key)
  if not size then return end
  redis.call('HDEL', sizes, key)
  redis.call('ZREM', expiries, key)
  if redis.call('EXISTS', expiries) == 0 then
    redis.call('DEL', sizes)
  else
    redis.call('HINCRBY', sizes, '', -size)
  end
end

-- The books end with their last entry, if all of them expire.
local function end_with_the_last()
  local last = redis.call('ZREVRANGE', expiries, 0, 0, 'WITHSCORES')
  for _, book in ipairs({expiries, sizes}) do
    if last[2] == 'inf' then
      redis.call('PERSIST', book)
    else
      redis.call('PEXPIREAT', book, milliseconds(tonumber(last[2]) + 1000))
    end
  end
end

local function record(changes)
  for key, size in pairs(changes) do
    local remaining = redis.call('PTTL', key)
    local due = '+inf'
    if remaining >= 0 then due = milliseconds(now() + remaining) end
    local old = redis.call('HGET', sizes, key) or 0
    redis.call('HSET', sizes, key, size)
    redis.call('HINCRBY', sizes, '', size - old)
    redis.call('ZADD', expiries, due, key)
  end
  end_with_the_last()
end

-- Strikes out entries that have expired, and says whether there may be more of them.
local function sweep()
  local limit = 500
  local gone = redis.call('ZRANGEBYSCORE', expiries, '-inf', '(' .. milliseconds(now()), 'LIMIT', 0, limit)
  for _, key in ipairs(gone) do forget(key) end
  return #gone == limit
end

-- Strikes out entries that the server evicted, some of them at each call, and says whether there were any.
local function sweep_evicted()
  local cursor = redis.call('HGET', sizes, '%') or '0'
  local page = redis.call('ZSCAN', expiries, cursor, 'COUNT', 200)
  local found = false
  for index = 1, #page[2], 2 do
    local key = page[2][index]
    if redis.call('EXISTS', key) == 0 then
      forget(key)
      found = true
    end
  end
  if kept() then redis.call('HSET', sizes, '%', page[1]) end
  return found
end

local function over(limit, before, after)
  return limit ~= '' and after > tonumber(limit) and after > before
end

-- Why an owner may not keep these changes, {key: size}: nil if it may, else "keys", "bytes", or "again" if it may yet
-- when the script is called once more.
local function refusal(changes, max_keys, max_bytes)
  if max_keys == '' and max_bytes == '' then return nil end
  local more = sweep()
  local keys, bytes = redis.call('ZCARD', expiries), tonumber(redis.call('HGET', sizes, '') or '0')
  local new_keys, new_bytes = keys, bytes
  for key, size in pairs(changes) do
    local old = redis.call('HGET', sizes, key)
    if old then new_bytes = new_bytes - old else new_keys = new_keys + 1 end
    new_bytes = new_bytes + size
  end
  local spent = nil
  if over(max_keys, keys, new_keys) then spent = 'keys'
  elseif over(max_bytes, bytes, new_bytes) then spent = 'bytes' end
  if spent and (more or sweep_evicted()) then return 'again' end
  return spent
end

local function books_of(changes, max_keys, max_bytes)
  if max_keys == '' and max_bytes == '' then
    if not kept() then return end
    sweep()
  end
  record(changes)
end
