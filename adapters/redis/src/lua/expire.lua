-- KEYS[4] is the entry.
local expiry, key = ARGV[1], KEYS[4]

if redis.call('EXISTS', key) == 0 then return 0 end
if expiry == '' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, expiry) end
local size = redis.call('HGET', sizes, key)
if size then record({[key] = tonumber(size)}) end
return 1
