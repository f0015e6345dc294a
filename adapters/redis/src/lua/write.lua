-- KEYS[4] and on are the entries; ARGV[6] and on are their values.
local max_keys, max_bytes, expiry, condition, generation = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local first_key, first_value = 4, 6

if condition == 'absent' and redis.call('EXISTS', KEYS[first_key]) == 1 then return 'present' end
if condition == 'current' and generation_of(KEYS[first_key]) ~= generation then return 'outdated' end

local changes = {}
for index = first_key, #KEYS do
  changes[KEYS[index]] = #KEYS[index] + #ARGV[index - first_key + first_value]
end
local refused = refusal(changes, max_keys, max_bytes)
if refused then return refused end

for index = first_key, #KEYS do
  local value = ARGV[index - first_key + first_value]
  if expiry == '' then
    redis.call('SET', KEYS[index], value)
  else
    redis.call('SET', KEYS[index], value, 'PX', expiry)
  end
end
books_of(changes, max_keys, max_bytes)
begin_generations(first_key)
return 'done'
