"""What Redis does with the messages of an outbox, each step at once and for all processes.

All keys of a shop's outbox begin with the first key of a script, whose hash tag keeps them on one
node of a cluster:

=================  ========================================================================
BASE:number        the number of the last message
BASE:messages      by number: kind, state, attempts, times and owner, as JSON
BASE:bodies        by number: what is delivered, sealed
BASE:keys          the numbers by a digest of the message's key
BASE:waiting       the numbers of those that wait, in their order
BASE:due:KIND      the numbers of those that wait for no other one, by when they are due
BASE:subject:NAME  the numbers of those that wait about one subject, in their order
BASE:given_up      the numbers of those that were given up, by when
BASE:sent          the numbers of those that were sent, by when
BASE:pause:LANE    until when no message of a lane is tried
=================  ========================================================================

A taken message is due when its lease ends. A message whose subject has an earlier one that waits
is due when that one has ended.
"""

from __future__ import annotations

_COMMON = """
local base = KEYS[1]
local function key(name) return base .. ':' .. name end
local function load(id)
  local raw = redis.call('HGET', key('messages'), id)
  return raw and cjson.decode(raw)
end
local function save(m) redis.call('HSET', key('messages'), m.id, cjson.encode(m)) end
local function due(m, at) redis.call('ZADD', key('due:' .. m.kind), at, m.id) end
local function queue(m)
  redis.call('ZADD', key('waiting'), tonumber(m.id), m.id)
  if m.subject ~= '' then
    local line = key('subject:' .. m.subject)
    redis.call('RPUSH', line, m.id)
    if redis.call('LINDEX', line, 0) ~= m.id then return end
  end
  due(m, m.due_at)
end
local function leave(m)
  redis.call('ZREM', key('waiting'), m.id)
  redis.call('ZREM', key('due:' .. m.kind), m.id)
  if m.subject == '' then return end
  local line = key('subject:' .. m.subject)
  redis.call('LREM', line, 1, m.id)
  local following = redis.call('LINDEX', line, 0)
  local other = following and load(following)
  if other and other.owner == '' then due(other, other.due_at) end
end
local function forget(m)
  redis.call('HDEL', key('messages'), m.id)
  redis.call('HDEL', key('bodies'), m.id)
  redis.call('HDEL', key('keys'), m.key)
  redis.call('ZREM', key(m.state), m.id)
end
local function begin_again(m, now)
  m.state, m.attempts, m.queued_at, m.due_at, m.owner = 'waiting', 0, now, now, ''
end
"""

# ARGV: message as JSON, sealed body, now, whether it is a state, how many may wait.
# Returns 1 if there is something to deliver, 0 if it was told before, -1 if too many wait.
PUT = (
    _COMMON
    + """
local new, now = cjson.decode(ARGV[1]), tonumber(ARGV[3])
local id = redis.call('HGET', key('keys'), new.key)
local m = id and load(id)
if m then
  if m.digest == new.digest or not (ARGV[4] == '1' or m.state == 'given_up') then return 0 end
  local state, owner = m.state, m.owner
  m.digest, m.error, m.version = new.digest, '', m.version + 1
  begin_again(m, now)
  if state == 'waiting' then
    m.owner = owner
  else
    redis.call('ZREM', key(state), id)
  end
  save(m)
  redis.call('HSET', key('bodies'), id, ARGV[2])
  if state ~= 'waiting' then
    queue(m)
  elseif owner == '' and redis.call('ZSCORE', key('due:' .. m.kind), id) then
    due(m, now)
  end
  return 1
end
if redis.call('ZCARD', key('waiting')) >= tonumber(ARGV[5]) then return -1 end
new.id = string.format('%012d', redis.call('INCR', key('number')))
new.version, new.error = 1, ''
begin_again(new, now)
save(new)
redis.call('HSET', key('keys'), new.key, new.id)
redis.call('HSET', key('bodies'), new.id, ARGV[2])
queue(new)
return 1
"""
)

# ARGV: lane, now, until when it is taken, owner, kinds. Returns the message and its body, or nil.
CLAIM = (
    _COMMON
    + """
local now = tonumber(ARGV[2])
if tonumber(redis.call('GET', key('pause:' .. ARGV[1])) or 0) > now then return nil end
local first, at
for i = 5, #ARGV do
  local name = key('due:' .. ARGV[i])
  local found = redis.call('ZRANGE', name, '-inf', now, 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  local score = tonumber(found[2])
  if score and (not at or score < at) then first, at = found[1], score end
end
local m = first and load(first)
if not m then return nil end
local before = cjson.encode(m)
m.owner, m.attempts = ARGV[4], m.attempts + 1
save(m)
due(m, tonumber(ARGV[3]))
return {before, redis.call('HGET', key('bodies'), first) or ''}
"""
)

# ARGV: id, owner, version, state, when it is due again or since when it is in that state, error.
# Ends an attempt. A state that has changed meanwhile waits to be delivered.
END = (
    _COMMON
    + """
local m, at = load(ARGV[1]), tonumber(ARGV[5])
if not m or m.owner ~= ARGV[2] or m.state ~= 'waiting' then return 0 end
m.owner = ''
if m.version ~= tonumber(ARGV[3]) then
  save(m)
  due(m, m.due_at)
  return 1
end
m.error = ARGV[6]
if ARGV[4] == 'waiting' then
  m.due_at = at
  save(m)
  due(m, m.due_at)
  return 1
end
leave(m)
m.state = ARGV[4]
save(m)
redis.call('ZADD', key(m.state), at, m.id)
if m.state == 'sent' then redis.call('HDEL', key('bodies'), m.id) end
return 1
"""
)

# ARGV: lane, until, milliseconds that this is kept.
PAUSE = (
    _COMMON
    + """
local name = key('pause:' .. ARGV[1])
if tonumber(redis.call('GET', name) or 0) < tonumber(ARGV[2]) then
  redis.call('SET', name, ARGV[2], 'PX', ARGV[3])
end
"""
)

# ARGV: lane, kinds. Returns when the next message of a lane is due, as text; nil if none waits.
NEXT_DUE = (
    _COMMON
    + """
local at
for i = 2, #ARGV do
  local found = redis.call('ZRANGE', key('due:' .. ARGV[i]), 0, 0, 'WITHSCORES')
  if found[2] and (not at or tonumber(found[2]) < at) then at = tonumber(found[2]) end
end
local pause = tonumber(redis.call('GET', key('pause:' .. ARGV[1])) or 0)
return at and string.format('%.6f', math.max(at, pause))
"""
)

# ARGV: the times before which messages are forgotten that were sent, or are statistics, and others
# that were given up. Returns how many there were.
PRUNE = (
    _COMMON
    + """
local count = 0
local function prune(state, before, kind)
  for _, id in ipairs(redis.call('ZRANGE', key(state), '-inf', before, 'BYSCORE')) do
    local m = load(id)
    if m and m.kind ~= 'customer' and (not kind or m.kind == kind) then
      forget(m)
      count = count + 1
    end
  end
end
prune('sent', ARGV[1])
prune('given_up', ARGV[1], 'events')
prune('given_up', ARGV[2])
return count
"""
)

# ARGV: what to do (retry or drop), now, ids; by default all that were given up. Returns how many
# there were.
CHANGE = (
    _COMMON
    + """
local what, now, count, ids = ARGV[1], tonumber(ARGV[2]), 0, {}
for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then
  ids = redis.call('ZRANGE', key('given_up'), 0, -1)
end
for _, id in ipairs(ids) do
  local m = load(id)
  if m and m.state ~= 'sent' and what == 'drop' then
    if m.state == 'waiting' then leave(m) end
    forget(m)
    count = count + 1
  elseif m and m.state ~= 'sent' and m.owner == '' then
    local state = m.state
    begin_again(m, now)
    save(m)
    if state == 'given_up' then
      redis.call('ZREM', key('given_up'), id)
      queue(m)
    elseif redis.call('ZSCORE', key('due:' .. m.kind), id) then
      due(m, now)
    end
    count = count + 1
  end
end
if what == 'retry' then redis.call('DEL', key('pause:calls'), key('pause:handlers')) end
return count
"""
)
