-- Runs obs_clock.lua in LuaJIT, the interpreter of OBS, on a stand-in for OBS's functions.
-- Arguments: the script, the library.
local script, library = arg[1], arg[2]
local shown, logged, timers, updates, started = nil, {}, {}, 0, 0
local settings = {}

obslua = setmetatable({
  script_log = function(_, message) table.insert(logged, message) end,
  LOG_WARNING = 200, OBS_PATH_FILE = 0, OBS_TEXT_DEFAULT = 0,
  timer_add = function(call) timers[call], started = true, started + 1 end,
  timer_remove = function(call) if call then timers[call] = nil end end,
  obs_get_source_by_name = function(name) return name == "clock" and {} or nil end,
  obs_properties_create = function() return {} end,
  obs_properties_add_path = function() return {} end,
  obs_properties_add_text = function() return {} end,
  obs_source_get_settings = function() return { text = shown } end,
  obs_data_set_string = function(data, key, value) data[key] = value end,
  obs_data_set_default_string = function(data, key, value) data[key] = data[key] or value end,
  obs_data_get_string = function(data, key) return data[key] or "" end,
  obs_source_update = function(_, data) shown, updates = data.text, updates + 1 end,
  obs_data_release = function() end,
  obs_source_release = function() end,
}, { __index = function(_, name) error("the script uses " .. name) end })

dofile(script)
local function tick() for call in pairs(timers) do call() end end
local function expect(condition, what)
  if condition then return end
  print("failed: " .. what .. "; shown: " .. tostring(shown) .. "; logged: " .. table.concat(logged, ", "))
  os.exit(1)
end

script_properties()
script_defaults(settings)
expect(settings.zone == "UTC", "defaults")

settings.library = "/nowhere/libmasterclock_c.so"
script_update(settings)
expect(#logged == 1 and logged[1]:find("cannot load /nowhere", 1, true), "a library that is missing is named")

settings.library, settings.source, settings.zone = library, "clock", "Asia/Kolkata"
script_update(settings)
local before = os.time()
tick()
local after = os.time()
-- Five and a half hours ahead of UTC, all year.
local first = os.date("!%H:%M:%S", before + 19800)
local last = os.date("!%H:%M:%S", after + 19800)
expect(shown == first or shown == last, "local time between " .. first .. " and " .. last)

settings.start = "2026-01-01T00:00:00Z"
script_update(settings)
tick()
expect(shown:match("^%d%d:%d%d:%d%d  %d%d:%d%d:%d%d:%d%d$"), "timecode of the programme")

settings.start = "yesterday"
script_update(settings)
expect(logged[#logged]:find("yesterday", 1, true), "a start that is no time is named")

settings.start, settings.zone = "", "Mars/Base"
script_update(settings)
tick()
expect(shown == "Invalid timezone 'Mars/Base'", "an unknown zone is shown")
local drawn = updates
tick()
expect(updates == drawn, "the same text is drawn once")
expect(started == 1, "a keystroke makes no new clock")

settings.source = "another"
shown = nil
script_update(settings)
tick()
expect(shown == nil, "a source that is missing")
script_unload()
expect(next(timers) == nil, "no timer is left")
print("the script agrees")
