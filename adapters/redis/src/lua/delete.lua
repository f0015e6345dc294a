-- KEYS[3] and on are the entries.
local books, gone = kept(), 0
for index = 3, #KEYS do
  gone = gone + redis.call('UNLINK', KEYS[index])
  if books then forget(KEYS[index]) end
end
return gone
