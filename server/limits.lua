-- Counts requests of several clients, each against a limit; the same as channels/window.py, on Redis's clock.
-- KEYS: one for each client. ARGV, three for each: the limit, its seconds, how many requests there are.
-- Answers four numbers for each: how many were granted, the counts of this window and of the one before, and how
-- much of this window has passed, in millionths.
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local answers = {}
for i, key in ipairs(KEYS) do
    local amount, seconds, asked = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local passed = now / seconds
    local index = math.floor(passed)
    local kept = redis.call('HMGET', key, 'index', 'current', 'previous')
    local current, previous = 0, 0
    if kept[1] then
        if tonumber(kept[1]) == index then
            current, previous = tonumber(kept[2]), tonumber(kept[3])
        elseif tonumber(kept[1]) == index - 1 then
            previous = tonumber(kept[2])
        end
    end
    local room = math.max(0, math.floor(amount - previous * (1 - (passed - index)) - current))
    local granted = math.min(asked, room)
    if granted > 0 then
        current = current + granted
        redis.call('HSET', key, 'index', index, 'current', current, 'previous', previous)
        redis.call('EXPIRE', key, 2 * seconds)
    end
    answers[i] = {granted, current, previous, math.floor((passed - index) * 1000000)}
end
return answers
