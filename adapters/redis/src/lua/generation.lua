-- Names the generation of the entry KEYS[4]. One that was never begun, expired or was evicted is begun anew.
local new, lifetime = ARGV[1], ARGV[2]

redis.call('HSETNX', generations, '', new)
redis.call('PEXPIRE', generations, lifetime)
return generation_of(KEYS[4])
