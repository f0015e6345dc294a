-- KEYS[1] holds the generation. One that was never begun, expired or was evicted is begun anew, under a new name.
local new, lifetime = ARGV[1], ARGV[2]

local current = redis.call('GET', KEYS[1])
if current then
  redis.call('PEXPIRE', KEYS[1], lifetime)
  return current
end
redis.call('SET', KEYS[1], new, 'PX', lifetime)
return new
