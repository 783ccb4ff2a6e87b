/*
 * What BullMQ has no atomic call for, each as one script: Redis runs it whole, or not at all. KEYS[1] is the queue's prefix, as in
 * `bull:wechatpay-orders:`, ARGV[1] a durable order's id. BullMQ's own keys are as 6.x has them:
 *
 * - `<id>`: a hash; `<id>:lock`: the token of the worker that has it, for as long as its lease.
 * - `delayed`: by due time, times 4096; `wait`: due; `active`: with a worker; `completed`; `failed`: by the time of their end.
 * - `marker`: what idle workers wait at.
 *
 * Beside them `orders:all`, `:open` and `:dead`, by `createdAt`, hold the ids of at least what their name says: what is true of
 * one, BullMQ's keys tell. `orders:cancelled` is by the time of the end, and no key of BullMQ has these.
 */
const HEAD = `
local base, id = KEYS[1], ARGV[1]
local job = base .. id
local call = redis.call
local function key(name) return base .. name end
local function note(...)
  local createdAt = call('HGET', job, 'timestamp')
  for _, name in ipairs({...}) do call('ZADD', key('orders:' .. name), createdAt, id) end
end
local function takeFromWaiting()
  return call('ZREM', key('delayed'), id) == 1 or call('LREM', key('wait'), 1, id) == 1
end
local function hasOutcome(data) return data.outcome ~= nil or data.state.outcome ~= nil end
local function hasEndedSince(data, ends) return (data['end'] or 0) > tonumber(ends) end
local function wait(due)
  call('HSET', job, 'due', due, 'delay', 0)
  call('ZADD', key('delayed'), due * 4096, id)
  local nextUp = call('ZRANGE', key('delayed'), 0, 0, 'WITHSCORES')
  call('ZADD', key('marker'), nextUp[2] / 4096, '1')
end
`;

const READ = `
local function statusOf(id)
  if call('ZSCORE', key('failed'), id) then return 'dead' end
  if call('ZSCORE', key('completed'), id) then return 'done' end
  if call('ZSCORE', key('orders:cancelled'), id) then return 'cancelled' end
  if call('ZSCORE', key('delayed'), id) then return 'waiting' end
  return call('LPOS', key('active'), id) and 'active' or 'waiting'
end
local function read(id)
  local found = call('HMGET', base .. id, 'data', 'timestamp', 'due', 'finishedOn')
  if not found[1] then return nil end
  local score = call('ZSCORE', key('delayed'), id)
  local due = score and string.format('%.0f', math.floor(score / 4096)) or found[3] or ''
  return { id, statusOf(id), found[1], found[2], due, found[4] or '' }
end
`;

/**
 * ARGV: id, name, due. BullMQ gives the same answer for a new job and for one that was there: the name, of this call alone, tells.
 *
 * @returns 1 where the job is of this call.
 */
export const ENQUEUED = `${HEAD}
local name = call('HGET', job, 'name')
if not name then return 0 end
note('all', 'open')
if name ~= ARGV[2] then return 0 end
call('HSETNX', job, 'due', ARGV[3]) -- a worker may have moved it on already
return 1
`;

/**
 * ARGV: id, token, data, due or '', kind or ''. BullMQ's own updateData asks nobody who has the job: a worker whose lease has
 * lapsed would write over the state of the one that goes on. This writes only while the lock is the worker's.
 *
 * @returns 0 where the lease is lost.
 */
export const SAVE = `${HEAD}
if call('GET', job .. ':lock') ~= ARGV[2] then return 0 end
call('HSET', job, 'data', ARGV[3])
if ARGV[4] ~= '' then call('HSET', job, 'due', ARGV[4]) end
note('all', 'open')
if ARGV[5] == 'dead' then note('dead') end
return 1
`;

const UNLESS_DECIDED = `
local json = call('HGET', job, 'data')
if not json then return 0 end
local old = cjson.decode(json)
-- With flags in place of a kind: as versions before 0.1 stored it.
local isAsking = old.state.kind == 'asking' or (old.state.kind == nil and old.state.mustRevoke == false)
if not isAsking or hasOutcome(old) then return 0 end
`;

/** ARGV: id, due, data, how many ends it resumes from. */
export const AMEND = `${HEAD}${UNLESS_DECIDED}
if hasEndedSince(old, ARGV[4]) or not takeFromWaiting() then return 0 end
call('HSET', job, 'data', ARGV[3])
wait(ARGV[2])
return 1
`;

/** ARGV: id, now. */
export const CANCEL = `${HEAD}${UNLESS_DECIDED}
if not takeFromWaiting() then return 0 end
call('HSET', job, 'finishedOn', ARGV[2])
call('ZADD', key('orders:cancelled'), ARGV[2], id)
return 1
`;

/** ARGV: '', the time before which a cancelled one has ended that is kept no longer. At most 1000 at a time. */
export const FORGET_CANCELLED = `${HEAD}
local old = call('ZRANGE', key('orders:cancelled'), '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, 1000)
for _, each in ipairs(old) do
  call('DEL', base .. each)
  call('ZREM', key('orders:cancelled'), each)
end
return #old
`;

/** ARGV: id, due. */
export const RESCHEDULE = `${HEAD}
local json = call('HGET', job, 'data')
if not json or hasOutcome(cjson.decode(json)) then return 0 end
if not takeFromWaiting() then return 0 end
wait(ARGV[2])
return 1
`;

/** ARGV: id, now, data, how many ends it resumes from, then where it may be: failed, completed, orders:cancelled; or open or untold, of those that wait. */
export const REDRIVE = `${HEAD}
local isTaken = false
local old = call('HGET', job, 'data')
if not old or hasEndedSince(cjson.decode(old), ARGV[4]) then return 0 end
for at = 5, #ARGV do
  if isTaken then break end
  if ARGV[at] == 'open' or ARGV[at] == 'untold' then
    isTaken = hasOutcome(cjson.decode(old)) == (ARGV[at] == 'untold') and takeFromWaiting()
  else
    isTaken = call('ZREM', key(ARGV[at]), id) == 1
  end
end
if not isTaken then return 0 end
call('HSET', job, 'data', ARGV[3])
call('HDEL', job, 'finishedOn', 'processedOn', 'failedReason', 'stacktrace', 'returnvalue')
call('ZREM', key('orders:dead'), id)
note('open')
wait(ARGV[2])
return 1
`;

export const GET = `${HEAD}${READ}
return read(id)
`;

/**
 * ARGV: id and createdAt of the last one before, or '' and '-inf'; the index to go through, all, open or dead; createdBefore or
 * '+inf'; merchantId or ''; how many at most; then each status. It looks at 1000 at most, so that Redis is never held up for long.
 *
 * @returns rows, id and createdAt of the last one looked at, and 1 where there may be more.
 */
export const LIST = `${HEAD}${READ}
local after, from, index, before, merchant, limit = ARGV[1], ARGV[2], key('orders:' .. ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local wanted = {}
for at = 7, #ARGV do wanted[ARGV[at]] = true end
local rows, gone, looked, isEnd = {}, {}, 0, false
local rank = from == '-inf' and 0 or call('ZCOUNT', index, '-inf', '(' .. from)
while not isEnd and looked < 1000 and #rows < limit do
  local found = call('ZRANGE', index, rank, rank + 99, 'WITHSCORES')
  isEnd = #found == 0
  rank = rank + 100
  for at = 1, #found, 2 do
    local each, createdAt = found[at], found[at + 1]
    if before ~= '+inf' and tonumber(createdAt) >= tonumber(before) then isEnd = true end
    if isEnd or #rows == limit then break end
    -- Of those with the same createdAt, a sorted set has the ids in order.
    if from == '-inf' or tonumber(createdAt) > tonumber(from) or each > after then
      after, from, looked = each, createdAt, looked + 1
      local row = read(each)
      local hasEnded = row and row[2] ~= 'waiting' and row[2] ~= 'active'
      if not row or (hasEnded and ARGV[3] == 'open') then
        table.insert(gone, each)
      elseif wanted[row[2]] and (merchant == '' or cjson.decode(row[3]).merchantId == merchant) then
        table.insert(rows, row)
      end
    end
  end
end
if #gone > 0 then call('ZREM', index, unpack(gone)) end
return { rows, after, from, (isEnd or #rows == limit) and 0 or 1 }
`;

/** @returns waiting, active, done, dead, cancelled, when the first one that is due is, or ''. */
export const COUNTS = `${HEAD}
local due = ''
local first = call('ZRANGE', key('delayed'), 0, 0, 'WITHSCORES')
if first[2] then due = first[2] / 4096 end
for _, each in ipairs(call('LRANGE', key('wait'), -100, -1)) do
  local at = tonumber(call('HGET', base .. each, 'due'))
  if at and (due == '' or at < due) then due = at end
end
local counts = { call('ZCARD', key('delayed')) + call('LLEN', key('wait')), call('LLEN', key('active')) }
for _, name in ipairs({'completed', 'failed', 'orders:cancelled'}) do table.insert(counts, call('ZCARD', key(name))) end
table.insert(counts, due == '' and '' or string.format('%.0f', math.floor(due)))
return counts
`;
