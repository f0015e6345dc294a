-- The sizes of the entries that are still there, keys and values together.
local found = {}
for _, key in ipairs(KEYS) do
  local length = redis.call('STRLEN', key)
  if length > 0 or redis.call('EXISTS', key) == 1 then
    found[#found + 1] = #key + length
  end
end
return found
