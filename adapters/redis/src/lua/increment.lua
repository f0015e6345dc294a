-- KEYS[4] is the entry. The sum is read back as text, since a Lua number doesn't hold 64 bits.
local max_keys, max_bytes, expiry, by = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = KEYS[4]

local old = redis.call('GET', key)
if old and old ~= '0' and not string.match(old, '^%-?[1-9]%d*$') then return {'number'} end
local answer = redis.pcall('INCRBY', key, by)
if type(answer) == 'table' and answer.err then
  if string.find(answer.err, 'overflow', 1, true) then return {'overflow'} end
  if string.find(answer.err, 'not an integer', 1, true) then return {'number'} end
  return answer
end

local sum = redis.call('GET', key)
local changes = {[key] = #key + #sum}
local refused = refusal(changes, max_keys, max_bytes)
if refused then
  if old then redis.call('SET', key, old, 'KEEPTTL') else redis.call('DEL', key) end
  return {refused}
end
if not old and expiry ~= '' then redis.call('PEXPIRE', key, expiry) end
books_of(changes, max_keys, max_bytes)
begin_generations(4)
return {'done', sum}
