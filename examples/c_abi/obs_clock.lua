-- A script for OBS Studio: shows the station's time, and the frame of a programme, in a text source.
--
-- In OBS: Tools, Scripts, add this file. Set `Library` to the path of libmasterclock_c.so, unless it is
-- installed, and choose a text source.
-- The script is the skeleton of a larger one: it loads the library, checks its version, and frees its clock.
local obs = obslua
local ffi = require("ffi")

-- What the script uses of masterclock_c.h.
ffi.cdef [[
typedef struct mc_clock mc_clock;
typedef struct { int64_t numerator, denominator; } mc_rate;
typedef struct {
  uint32_t version, reserved;
  int64_t offset, frame, into_frame, until_next_frame;
} mc_join;
uint32_t mc_abi_version(void);
const char* mc_last_error(void);
int mc_clock_create(const void* options, mc_clock** clock);
void mc_clock_destroy(mc_clock* clock);
int64_t mc_now_utc(const mc_clock* clock);
int mc_local_text(mc_clock* clock, int64_t utc, const char* zone, int digits, char* buffer, size_t size);
int mc_parse_utc(const char* text, int64_t* utc);
int mc_parse_rate(const char* text, mc_rate* rate);
int mc_join_at(int64_t start, int64_t now, mc_rate rate, mc_join* join);
int mc_timecode_text(int64_t frame, mc_rate rate, int drop_frame, char* buffer, size_t size);
]]
local ABI = 1
local OK = 0

local library, clock
local opened = nil -- the path of the library
local source_name, zone = "", "UTC"
local start = nil -- of the programme, in nanoseconds since 1970
local rate = ffi.new("mc_rate")
local join = ffi.new("mc_join", { version = ABI * 65536 + ffi.sizeof("mc_join") })
local text = ffi.new("char[40]")

local function log(message) obs.script_log(obs.LOG_WARNING, message) end

local function check(status)
  if status == OK then return true end
  log(ffi.string(library.mc_last_error()))
  return false
end

local function close()
  obs.timer_remove(script_tick_of_text)
  if clock then library.mc_clock_destroy(clock) end
  clock = nil
end

-- OBS calls script_update at each keystroke: the clock stays while the path does.
local function open(path)
  if clock and path == opened then return end
  close()
  opened = path
  local loaded, found = pcall(ffi.load, path)
  if not loaded then return log("cannot load " .. path .. ": " .. found) end
  if found.mc_abi_version() ~= ABI then
    return log(path .. " has interface " .. found.mc_abi_version() .. ", expected " .. ABI)
  end
  library = found
  local made = ffi.new("mc_clock*[1]")
  if not check(library.mc_clock_create(nil, made)) then return end
  clock = made[0]
  obs.timer_add(script_tick_of_text, 40)
end

-- Returns "18:15:30", and with a programme also the timecode of its present frame.
local function reading()
  local now = library.mc_now_utc(clock)
  if library.mc_local_text(clock, now, zone, 0, text, ffi.sizeof(text)) ~= OK then return nil end
  local shown = ffi.string(text):sub(12, 19)
  if start and library.mc_join_at(start, now, rate, join) == OK and
      library.mc_timecode_text(join.frame, rate, 0, text, ffi.sizeof(text)) == OK then
    shown = shown .. "  " .. ffi.string(text)
  end
  return shown
end

function script_tick_of_text()
  local source = obs.obs_get_source_by_name(source_name)
  if source == nil then return end
  local settings = obs.obs_source_get_settings(source)
  local shown = reading() or ffi.string(library.mc_last_error())
  if obs.obs_data_get_string(settings, "text") ~= shown then -- an update draws the text again
    obs.obs_data_set_string(settings, "text", shown)
    obs.obs_source_update(source, settings)
  end
  obs.obs_data_release(settings)
  obs.obs_source_release(source)
end

function script_description()
  return "Shows the station's time, and the timecode of a programme, in a text source."
end

function script_properties()
  local list = obs.obs_properties_create()
  obs.obs_properties_add_path(list, "library", "Library", obs.OBS_PATH_FILE, "*.so*", nil)
  obs.obs_properties_add_text(list, "source", "Text source", obs.OBS_TEXT_DEFAULT)
  obs.obs_properties_add_text(list, "zone", "Time zone", obs.OBS_TEXT_DEFAULT)
  obs.obs_properties_add_text(list, "start", "Start of the programme (RFC 3339)", obs.OBS_TEXT_DEFAULT)
  obs.obs_properties_add_text(list, "rate", "Frame rate", obs.OBS_TEXT_DEFAULT)
  return list
end

function script_defaults(settings)
  obs.obs_data_set_default_string(settings, "library", "libmasterclock_c.so.1")
  obs.obs_data_set_default_string(settings, "zone", "UTC")
  obs.obs_data_set_default_string(settings, "rate", "25")
end

function script_update(settings)
  source_name = obs.obs_data_get_string(settings, "source")
  zone = obs.obs_data_get_string(settings, "zone")
  open(obs.obs_data_get_string(settings, "library"))
  if not clock then return end
  start = nil
  local given = obs.obs_data_get_string(settings, "start")
  local at = ffi.new("int64_t[1]")
  if check(library.mc_parse_rate(obs.obs_data_get_string(settings, "rate"), rate)) and given ~= "" and
      check(library.mc_parse_utc(given, at)) then
    start = at[0]
  end
end

function script_unload() close() end
