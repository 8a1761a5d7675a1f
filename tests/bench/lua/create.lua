-- One new resident a request, both sides the same. `wrk … -- FIRST GRID`: numbers from FIRST on give ID numbers
-- that are valid under GB 11643 and never the same twice. Their region, 810000, is nobody's in the synthetic population.

local THREAD = 400000 -- numbers that one thread of one run may use
local PER_DAY = 1000  -- sequences of a birth date
local threads = 0

function setup(thread)
  thread:set("index", threads)
  threads = threads + 1
end

function init(args)
  number = tonumber(args[1]) + index * THREAD
  grid = args[2]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

local function check_character(body)
  local rest = 0
  for at = 1, 17 do
    rest = (rest + body:byte(at) - 48) * 2 % 11
  end
  local check = (12 - rest) % 11
  return check == 10 and "X" or tostring(check)
end

local SURNAMES = { "王", "李", "张", "刘", "陈", "杨", "黄", "赵" }
local GIVEN = { "伟", "芳", "敏", "静", "丽", "强", "磊", "洋" }

function request()
  local birth = math.floor(number / PER_DAY) * 86400 -- seconds since 1970: nobody is 80
  local body = "810000" .. os.date("!%Y%m%d", birth) .. string.format("%03d", number % PER_DAY)
  local sex = number % 2 == 1 and "1" or "2"
  local name = SURNAMES[number % 8 + 1] .. GIVEN[math.floor(number / 8) % 8 + 1]
  number = number + 1
  return wrk.format(nil, nil, nil, string.format(
    '{"name":"%s","id_number":"%s%s","sex":"%s","birth_date":"%s","grid":"%s","status":"living","phone":"154%08d"}',
    name, body, check_character(body), sex, os.date("!%Y-%m-%d", birth), grid, number))
end
