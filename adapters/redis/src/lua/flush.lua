-- Begins a generation of all entries of the owner. Where nobody has asked for one, there is none to end.
local new, lifetime = ARGV[1], ARGV[2]

if redis.call('EXISTS', generations) == 0 then return 0 end
redis.call('HSET', generations, '', new)
return redis.call('PEXPIRE', generations, lifetime)
