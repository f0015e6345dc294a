-- KEYS[4] and on are the entries.
local books, gone = kept(), 0
for index = 4, #KEYS do
  gone = gone + redis.call('UNLINK', KEYS[index])
  if books then forget(KEYS[index]) end
end
begin_generations(4)
return gone
