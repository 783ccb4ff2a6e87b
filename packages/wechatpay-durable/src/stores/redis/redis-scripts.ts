// Over 250 lines, as one idea: what is done at once, or not at all. Redis runs each script whole.
import { createHash } from 'node:crypto';

/** A script, and by what Redis knows it once it has seen it. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/*
 * KEYS[1] begins each key, as in `wechatpay:wechatpay-orders:`. What stands behind it:
 *
 * - `row:<id>`: a hash, the durable order or refund.
 * - `journal:<id>`: a list, each entry with the time at which it was noted, its seq and hash before it. A stream would take 4 KiB for
 *   the first entry. `journals`: whose there are, by the time of the first entry.
 * - `created:<kind>:<status>` and `created:<kind>:<status>:<merchant>`, `ended:…` in the same way: by these times.
 * - `due:<merchant>`: what waits, by its time; `merchants`: those that have any, by the time of the first. So that one who has a
 *   million waiting is passed over at once.
 * - `leases`: what is active, by the time at which the lease lapses.
 * - `day:<day>:<merchant>:<sub-merchant>`: what came of a day's statement; `claim:…`: who is at it.
 * - `number:<kind>:<number>`: a hash, the id of each merchant's. `transaction:<id>`, `parts:<id of the order>`: by `created`.
 *
 * In which of these a row stands follows from the row alone: see placesOf. All times are of Redis's own clock, in milliseconds.
 */
const COMMON = `
local base, call = KEYS[1], redis.call
local function key(...) return base .. table.concat({...}, ':') end
local function text(number) return string.format('%.0f', number) end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local NAMES = { 'status', 'kind', 'merchant', 'sub', 'number', 'transaction', 'parent', 'created', 'due', 'ended', 'leased',
  'version', 'seq', 'hash' }
local ENDED = { done = true, dead = true, cancelled = true }

-- All but its data, which can be long.
local function read(id)
  local found = call('HMGET', key('row', id), unpack(NAMES))
  if not found[1] then return nil end
  local row = { id = id }
  for at, name in ipairs(NAMES) do row[name] = found[at] or '' end
  return row
end

local function changed(row, changes)
  local copy = {}
  for name, value in pairs(row) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

local function placesOf(row)
  local places = {}
  if row == nil then return places end
  local list = row.kind .. ':' .. row.status
  places[key('created', list)] = row.created
  places[key('created', list, row.merchant)] = row.created
  if row.ended ~= '' then
    places[key('ended', list)] = row.ended
    places[key('ended', list, row.merchant)] = row.ended
  end
  if row.status == 'waiting' then places[key('due', row.merchant)] = row.due end
  if row.status == 'active' then places[key('leases')] = row.leased end
  if row.transaction ~= '' then places[key('transaction', row.transaction)] = row.created end
  if row.parent ~= '' then places[key('parts', row.parent)] = row.created end
  return places
end

local function numberOf(row)
  if row == nil or row.number == '' then return nil, nil end
  return key('number', row.kind, row.number), row.merchant .. '\\n' .. row.sub
end

local function whoHas(row)
  local place, field = numberOf(row)
  return place and call('HGET', place, field) or nil
end

local function refresh(merchant)
  local first = call('ZRANGE', key('due', merchant), 0, 0, 'WITHSCORES')
  if first[2] then call('ZADD', key('merchants'), first[2], merchant) else call('ZREM', key('merchants'), merchant) end
end

-- Stores a row in place of the one before, and itself in its places; nil for none.
local function put(old, new)
  local id = (new or old).id
  local from, to = placesOf(old), placesOf(new)
  for place, score in pairs(from) do
    if to[place] == nil then call('ZREM', place, id) end
  end
  for place, score in pairs(to) do
    if from[place] ~= score then call('ZADD', place, score, id) end
  end
  local due, newDue = old and key('due', old.merchant), new and key('due', new.merchant)
  if due and from[due] ~= to[due] then refresh(old.merchant) end
  if newDue and newDue ~= due and to[newDue] then refresh(new.merchant) end
  local place, field = numberOf(old)
  local newPlace, newField = numberOf(new)
  if place ~= newPlace or field ~= newField then
    if place and call('HGET', place, field) == id then call('HDEL', place, field) end
    if newPlace then call('HSETNX', newPlace, newField, id) end
  end
  if new == nil then return call('DEL', key('row', id)) end
  local fields = {}
  for name, value in pairs(new) do
    if name ~= 'id' and (old == nil or old[name] ~= value) then
      table.insert(fields, name)
      table.insert(fields, value)
    end
  end
  if #fields > 0 then call('HSET', key('row', id), unpack(fields)) end
end

-- Entries are what ARGV has from this place on: see entryArgs.
local function note(id, from)
  for at = from, #ARGV do call('RPUSH', key('journal', id), text(now) .. ' ' .. ARGV[at]) end
  if from <= #ARGV then call('ZADD', key('journals'), 'NX', text(now), id) end
end

-- As redis-rows.ts reads it.
local function full(id)
  local found = call('HMGET', key('row', id), 'status', 'data', 'created', 'due', 'ended', 'parent', 'version', 'seq', 'hash')
  if not found[1] then return false end
  table.insert(found, 1, id)
  return found
end

-- The order of a refund, or the order itself.
local function familyNameOf(row)
  return row.parent ~= '' and row.parent or row.id
end

-- An order and its refunds, as they are: another text where one of them is another.
local function familyOf(parent)
  local ids = call('ZRANGE', key('parts', parent), 0, -1)
  local versions = {}
  for _, id in ipairs({ parent, unpack(ids) }) do
    table.insert(versions, id .. '=' .. (call('HGET', key('row', id), 'version') or ''))
  end
  return table.concat(versions, ' '), ids
end
`;

/**
 * ARGV: id, version, status, delay, data, kind, merchant, sub-merchant, number, transaction, parent, its family as it was checked,
 * created and ended, or '' each; the journal's seq before; seq and hash after; then the entries.
 *
 * @returns 1; 0 for a duplicate; 2 where the family is another by now; or where the journal begins: seq and hash.
 */
export const ENQUEUE = script(`
local id, version = ARGV[1], ARGV[2]
-- The connection was lost before the reply, and the driver has sent it again.
local enqueued = call('HGET', key('row', id), 'enqueued')
if enqueued then return enqueued == version and 1 or 0 end
local row = {
  id = id, version = version, enqueued = version, status = ARGV[3], due = text(now + tonumber(ARGV[4])), data = ARGV[5],
  kind = ARGV[6], merchant = ARGV[7], sub = ARGV[8], number = ARGV[9], transaction = ARGV[10], parent = ARGV[11],
  created = ARGV[13] == '' and text(now) or ARGV[13], ended = ARGV[14], leased = '', seq = ARGV[16], hash = ARGV[17],
}
if whoHas(row) then return 0 end
if ARGV[12] ~= '' and familyOf(familyNameOf(row)) ~= ARGV[12] then return 2 end
local last = call('LINDEX', key('journal', id), -1)
local seq, hash = string.match(last or ' 0 ', ' (%d+) (%x*)')
if seq ~= ARGV[15] then return { seq, hash } end
note(id, 18)
put(nil, row)
return 1
`);

/**
 * ARGV: id, the version that was read, the next version, 1 for a worker or 0, status, delay or '' to leave it, data, kind, merchant,
 * sub-merchant, number, transaction; its family as it was checked, or ''; the journal's seq and hash after; then the entries.
 *
 * @returns 1; or 0 where it is another version by now, or the worker's lease has lapsed; 2 where the family is another; or where its
 *   journal has come to since: seq and hash.
 */
export const CHANGE = script(`
local row = read(ARGV[1])
if not row then return 0 end
if row.version == ARGV[3] then return 1 end -- sent again
if row.version ~= ARGV[2] then return 0 end
if ARGV[4] == '1' and (row.status ~= 'active' or tonumber(row.leased) < now) then return 0 end
if ARGV[13] ~= '' and familyOf(familyNameOf(row)) ~= ARGV[13] then return 2 end
if tonumber(row.seq) ~= tonumber(ARGV[14]) - (#ARGV - 15) then return { row.seq, row.hash } end
note(row.id, 16)
put(row, changed(row, {
  version = ARGV[3], status = ARGV[5], due = ARGV[6] == '' and row.due or text(now + tonumber(ARGV[6])), data = ARGV[7],
  kind = ARGV[8], merchant = ARGV[9], sub = ARGV[10], number = ARGV[11], transaction = ARGV[12],
  ended = ENDED[ARGV[5]] and text(now) or '', leased = ARGV[5] == 'active' and row.leased or '',
  seq = ARGV[14], hash = ARGV[15],
}))
return 1
`);

/** ARGV: id; the journal's seq before; seq and hash after; then the entries. @returns 1; 0 for no row; or where its journal is: seq and hash. */
export const NOTE = script(`
local row = read(ARGV[1])
if not row then return 0 end
if row.hash == ARGV[4] then return 1 end -- sent again
if row.seq ~= ARGV[2] then return { row.seq, row.hash } end
note(row.id, 5)
put(row, changed(row, { seq = ARGV[3], hash = ARGV[4] }))
return 1
`);

/**
 * ARGV: version, the length of the lease, how many at most, then the merchants that are passed over. What has lapsed waits again.
 *
 * @returns for each: id, data, parent, seq, hash.
 */
export const TAKE = script(`
local version, limit = ARGV[1], tonumber(ARGV[3])
for _, id in ipairs(call('ZRANGE', key('leases'), '-inf', '(' .. text(now), 'BYSCORE', 'LIMIT', 0, 100)) do
  local row = read(id)
  -- A row that somebody has deleted must not hold up all the others.
  if row then put(row, changed(row, { status = 'waiting', leased = '', version = version })) else call('ZREM', key('leases'), id) end
end
local except = {}
for at = 4, #ARGV do except[ARGV[at]] = true end
local taken = {}
while #taken < limit do
  -- The merchant whose first is the oldest, and when the next one's is due.
  local merchant, before
  local heads = call('ZRANGE', key('merchants'), '-inf', text(now), 'BYSCORE', 'LIMIT', 0, #ARGV - 3 + 2, 'WITHSCORES')
  for at = 1, #heads, 2 do
    if not except[heads[at]] then
      if merchant then
        before = heads[at + 1]
        break
      end
      merchant = heads[at]
    end
  end
  if not merchant then break end
  local ids = call('ZRANGE', key('due', merchant), '-inf', before or text(now), 'BYSCORE', 'LIMIT', 0, limit - #taken)
  for _, id in ipairs(ids) do
    local row = read(id)
    if row then
      put(row, changed(row, { status = 'active', leased = text(now + tonumber(ARGV[2])), version = version }))
      table.insert(taken, { id, call('HGET', key('row', id), 'data'), row.parent, row.seq, row.hash })
    else
      call('ZREM', key('due', merchant), id)
      refresh(merchant)
    end
  end
  if #ids == 0 then refresh(merchant) end
end
return taken
`);

/** ARGV: the length of the lease, then id and version of each. A lease that has lapsed is not renewed. */
export const TOUCH = script(`
for at = 2, #ARGV, 2 do
  local row = read(ARGV[at])
  if row and row.status == 'active' and row.version == ARGV[at + 1] and tonumber(row.leased) >= now then
    put(row, changed(row, { leased = text(now + tonumber(ARGV[1])) }))
  end
end
`);

/**
 * ARGV: id, kind, merchant, sub-merchant, number, parent; or '' for the first five.
 *
 * @returns 0 for a duplicate of these; or the family, the parent's row or none, and each refund's.
 */
export const FAMILY = script(`
local id = ARGV[1]
if call('EXISTS', key('row', id)) == 1 then return 0 end
if whoHas({ kind = ARGV[2], merchant = ARGV[3], sub = ARGV[4], number = ARGV[5] }) then return 0 end
local family, ids = familyOf(ARGV[6])
local rows = { family, full(ARGV[6]) }
for _, each in ipairs(ids) do table.insert(rows, full(each)) end
return rows
`);

/** ARGV: id. */
export const GET = script(`return full(ARGV[1])`);

/** ARGV: id; the seq after which; how many at most. @returns entries. */
export const JOURNAL = script(`
local journal = key('journal', ARGV[1])
local first = string.match(call('LINDEX', journal, 0) or '', ' (%d+) ')
if not first then return {} end
local from = math.max(0, tonumber(ARGV[2]) + 1 - tonumber(first))
return call('LRANGE', journal, from, from + tonumber(ARGV[3]) - 1)
`);

/** ARGV: names of hashes, or of sorted sets, with ids. At most 1000 of each. */
export const FIND = script(`
local rows, isKnown = {}, {}
for _, name in ipairs(ARGV) do
  local place = key(name)
  local isHash = string.find(name, 'number:', 1, true) == 1
  for _, id in ipairs(isHash and call('HVALS', place) or call('ZRANGE', place, 0, 999)) do
    if not isKnown[id] then
      isKnown[id] = true
      table.insert(rows, full(id))
    end
  end
end
return rows
`);

/**
 * ARGV: score and id of the last one before, or '' each; from; before; created before, or ''; how many at most; then the lists,
 * which are by one kind of time.
 *
 * @returns the rows, by that time and their ids. It reads as many as it returns, and a page of a hundred of each list.
 */
export const LIST = script(`
local after, afterId, from, before, createdBefore = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local limit = tonumber(ARGV[6])

local function rankIn(list)
  local first = from == '-inf' and 0 or call('ZCOUNT', list, '-inf', '(' .. from)
  if after == '' then return first end
  -- Of those with the same time, a sorted set has the ids in order.
  local low, high = call('ZCOUNT', list, '-inf', '(' .. after), call('ZCOUNT', list, '-inf', after)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if call('ZRANGE', list, middle, middle)[1] > afterId then high = middle else low = middle + 1 end
  end
  return math.max(first, low)
end

local function fill(source)
  source.page, source.at = call('ZRANGE', source.list, source.rank, source.rank + 99, 'WITHSCORES'), 1
  source.rank = source.rank + 100
end

local sources = {}
for at = 7, #ARGV do
  local source = { list = key(ARGV[at]) }
  source.rank = rankIn(source.list)
  fill(source)
  table.insert(sources, source)
end

local rows, last = {}, before == '+inf' and math.huge or tonumber(before)
while #rows < limit do
  local first, id, score
  for _, source in ipairs(sources) do
    if source.at > #source.page and #source.page > 0 then fill(source) end
    local eachId, eachScore = source.page[source.at], tonumber(source.page[source.at + 1])
    if eachId and (not first or eachScore < score or (eachScore == score and eachId < id)) then
      first, id, score = source, eachId, eachScore
    end
  end
  if not first or score >= last then break end
  first.at = first.at + 2
  local row = full(id)
  if row and (createdBefore == '' or tonumber(row[4]) < tonumber(createdBefore)) then table.insert(rows, row) end
end
return rows
`);

/** @returns now; waiting, active, done, dead, cancelled; when the oldest open one was created, and when the first is due, or ''. */
export const COUNTS = script(`
local counts, oldest = { text(now) }, nil
for _, status in ipairs({ 'waiting', 'active', 'done', 'dead', 'cancelled' }) do
  local count = 0
  for _, kind in ipairs({ 'order', 'refund' }) do
    local list = key('created', kind, status)
    count = count + call('ZCARD', list)
    local first = not ENDED[status] and tonumber(call('ZRANGE', list, 0, 0, 'WITHSCORES')[2])
    if first and (not oldest or first < oldest) then oldest = first end
  end
  table.insert(counts, count)
end
table.insert(counts, oldest and text(oldest) or '')
table.insert(counts, call('ZRANGE', key('merchants'), 0, 0, 'WITHSCORES')[2] or '')
return counts
`);

/** ARGV: kind and status, as in `order:done`; for how long they are kept, in milliseconds; how many at most. @returns how many went. */
export const PRUNE_ROWS = script(`
local old = call('ZRANGE', key('ended', ARGV[1]), '-inf', '(' .. text(now - tonumber(ARGV[2])), 'BYSCORE', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(old) do
  local row = read(id)
  if row then put(row, nil) else call('ZREM', key('ended', ARGV[1]), id) end
end
return #old
`);

/** ARGV: for how long entries are kept, in milliseconds; how many journals at most. @returns how many entries went; how many journals it looked at. */
export const PRUNE_JOURNALS = script(`
local cut = now - tonumber(ARGV[1])
local ids = call('ZRANGE', key('journals'), '-inf', '(' .. text(cut), 'BYSCORE', 'LIMIT', 0, ARGV[2])
local gone = 0
for _, id in ipairs(ids) do
  local journal, old, kept = key('journal', id), 0, nil
  -- A hundred of each at most: the next round goes on with it.
  for at, entry in ipairs(call('LRANGE', journal, 0, 100)) do
    kept = string.match(entry, '^%d+')
    if at > 100 or tonumber(kept) >= cut then break end
    old, kept = old + 1, nil
  end
  call('LTRIM', journal, old, -1)
  if kept then call('ZADD', key('journals'), kept, id) else call('ZREM', key('journals'), id) end
  gone = gone + old
end
return { gone, #ids }
`);

/**
 * ARGV: which day, as in `20260301:1900000109:`; who; what came of it; for how long it is kept, in milliseconds.
 *
 * @returns 1 where that one has the day.
 */
export const PUT_DAY = script(`
if call('GET', key('claim', ARGV[1])) ~= ARGV[2] then return 0 end
call('SET', key('day', ARGV[1]), ARGV[3], 'PX', ARGV[4])
return 1
`);

/** ARGV: which day. @returns what came of it, or nothing. */
export const GET_DAY = script(`return call('GET', key('day', ARGV[1]))`);

/** ARGV: which day; who; for how long, in milliseconds. @returns 1 where nobody else has it. */
export const CLAIM_DAY = script(`
local claim = key('claim', ARGV[1])
local held = call('GET', claim)
if held and held ~= ARGV[2] then return 0 end
call('SET', claim, ARGV[2], 'PX', ARGV[3])
return 1
`);

/** ARGV: which day; who; for how long, in milliseconds. @returns 1 where that one still has it. */
export const RENEW_DAY = script(`
local claim = key('claim', ARGV[1])
if call('GET', claim) ~= ARGV[2] then return 0 end
call('PEXPIRE', claim, ARGV[3])
return 1
`);

/** ARGV: which day; who. */
export const RELEASE_DAY = script(`
local claim = key('claim', ARGV[1])
if call('GET', claim) == ARGV[2] then call('DEL', claim) end
`);

function script(body: string): Script {
  const lua = COMMON + body;
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}
