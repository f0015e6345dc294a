-- KEYS[4] is the entry.
local max_keys, max_bytes, expected, new = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = KEYS[4]

local old = redis.call('GET', key)
if not old then return 'absent' end
if old ~= expected then return 'different' end
local changes = {[key] = #key + #new}
local refused = refusal(changes, max_keys, max_bytes)
if refused then return refused end
redis.call('SET', key, new, 'KEEPTTL')
books_of(changes, max_keys, max_bytes)
begin_generations(4)
return 'done'
