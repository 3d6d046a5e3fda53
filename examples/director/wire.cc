#include "wire.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/data_error.h"
#include "common/http_message.h"
#include "common/parse_json.h"
#include "common/printable.h"
#include "masterclock/internal/int128.h"

namespace director {
namespace {

using common::integer;
using masterclock::ForceUntil;
using masterclock::Rundown;
using masterclock::RundownReading;
using masterclock::RundownState;
using masterclock::Scene;
using masterclock::SteadyTime;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::int64_t kMostMs = std::numeric_limits<std::int64_t>::max() / 1'000'000;
constexpr std::size_t kMostFaults = 100;  // in one message

struct VerbName {
  const char* name;
  Verb verb;
};
constexpr std::array<VerbName, 14> kVerbs = {{{"Configure", Verb::kConfigure},
                                              {"Start", Verb::kStart},
                                              {"Pause", Verb::kPause},
                                              {"Resume", Verb::kResume},
                                              {"Stop", Verb::kStop},
                                              {"Reset", Verb::kReset},
                                              {"Take", Verb::kTake},
                                              {"Skip", Verb::kSkip},
                                              {"Force", Verb::kForce},
                                              {"Release", Verb::kRelease},
                                              {"Hold", Verb::kHold},
                                              {"Go", Verb::kGo},
                                              {"Correct", Verb::kCorrect},
                                              {"Boot", Verb::kBoot}}};
constexpr char kCommands[] =
    "Configure, Start, Pause, Resume, Stop, Reset, Take, Skip, Force, Release, Hold, Go or "
    "UpdateStreamStatus";

absl::Status error(std::string_view field, std::string_view expected) {
  return absl::InvalidArgumentError(std::string(field) + ": expected " + std::string(expected));
}

const char* name_of(Verb verb) { return std::ranges::find(kVerbs, verb, &VerbName::verb)->name; }

std::optional<Verb> parse_verb(std::string_view name) {
  const auto found =
      std::ranges::find_if(kVerbs, [&](const VerbName& row) { return row.name == name; });
  if (found == kVerbs.end()) return std::nullopt;
  return found->verb;
}

// Returns the member, or null for an absent one.
const json& member(const json& object, const char* name) {
  static const json absent;
  const auto found = object.find(name);
  return found == object.end() ? absent : *found;
}

// Allows U+200D, which joins emoji, beside printable text.
std::optional<std::string> name_in(const json& value, std::size_t longest) {
  if (!value.is_string()) return std::nullopt;
  std::string name = value.get<std::string>();
  const std::string seen = absl::StrReplaceAll(name, {{"\u200d", ""}});
  if (seen.empty() || name.size() > longest || common::printable(seen) != seen) return std::nullopt;
  return name;
}

std::optional<nanoseconds> milliseconds_in(const json& value) {
  const std::optional<std::int64_t> count = integer(value);
  if (!count || *count > kMostMs || *count < -kMostMs) return std::nullopt;
  return milliseconds(*count);
}

// Collects the faults of an input, and names each in one message.
class Faults {
 public:
  void add(const std::string& field, std::string_view expected) {
    if (++count_ > kMostFaults) return;
    if (!text_.empty()) text_ += "; ";
    text_ += field + ": expected " + std::string(expected);
  }
  void add(const Faults& more) {
    if (count_ < kMostFaults && more.count_ > 0) text_ += "; " + more.text_;
    count_ += more.count_;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] absl::Status status() const {
    if (count_ == 0) return absl::OkStatus();
    const std::string rest =
        count_ > kMostFaults ? "; and " + std::to_string(count_ - kMostFaults) + " more" : "";
    return absl::InvalidArgumentError(text_ + rest);
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

// Returns none for a scene with a fault.
std::optional<Scene> read_scene(const json& object, const std::string& field, Faults& faults) {
  const std::size_t before = faults.count();
  Scene scene;
  if (!object.is_object()) {
    faults.add(field, "an object");
    return std::nullopt;
  }
  if (auto name = name_in(member(object, "name"), kLongestScene)) {
    scene.name = *std::move(name);
  } else {
    faults.add(field + ".name", "a text of 1 to 256 bytes without control characters");
  }
  const auto duration = milliseconds_in(member(object, "duration_ms"));
  if (duration && *duration > nanoseconds(0)) {
    scene.duration = *duration;
  } else {
    faults.add(field + ".duration_ms", "a positive integer number of milliseconds");
  }
  if (const json& start = member(object, "start_ms"); !start.is_null()) {
    scene.start = milliseconds_in(start);
    if (!scene.start) faults.add(field + ".start_ms", "an integer number of milliseconds");
  }
  if (faults.count() > before) return std::nullopt;
  return scene;
}

// Returns the scenes without a fault. Names the overlaps among them only beside another fault: without
// one the rundown names them.
ShowPlan read_plan(const json& object, Faults& faults) {
  ShowPlan plan;
  if (!object.is_object()) {
    faults.add("rundown", "an object");
    return plan;
  }
  if (const json& looping = member(object, "looping"); looping.is_boolean()) {
    plan.looping = looping.get<bool>();
  } else if (!looping.is_null()) {
    faults.add("looping", "true or false");
  }
  const json& scenes = member(object, "scenes");
  if (!scenes.is_array() || scenes.empty()) {
    faults.add("scenes", "a list of one scene or more");
    return plan;
  }
  plan.scenes.reserve(scenes.size());
  Faults overlaps;
  nanoseconds end{};  // of the scene before; a scene with a fault takes no time
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const std::string field = "scenes[" + std::to_string(i) + "]";
    std::optional<Scene> scene = read_scene(scenes[i], field, faults);
    if (!scene) continue;
    const nanoseconds start = scene->start.value_or(end);
    if (start < end) {
      overlaps.add(field + ".start_ms", "the end of the scene before, " +
                                            std::to_string(end / milliseconds(1)) + ", or later");
    }
    end = std::max(end, masterclock::saturating_add(start, scene->duration));
    plan.scenes.push_back(*std::move(scene));
  }
  if (faults.count() > 0) faults.add(overlaps);
  return plan;
}

absl::StatusOr<StreamUpdate> read_stream(const json& object) {
  StreamUpdate update;
  const auto flag = [&](const char* name, std::optional<bool>& value) {
    const json& given = member(object, name);
    if (given.is_boolean()) value = given.get<bool>();
    return given.is_null() || given.is_boolean();
  };
  if (!flag("streaming", update.streaming)) return error("streaming", "true or false");
  if (!flag("recording", update.recording)) return error("recording", "true or false");
  if (!flag("feed_lost", update.feed_lost)) return error("feed_lost", "true or false");
  if (const json& code = member(object, "timecode_ms"); !code.is_null()) {
    update.timecode = milliseconds_in(code);
    if (!update.timecode) return error("timecode_ms", "an integer number of milliseconds");
  }
  return update;
}

std::optional<ForceUntil> read_until(const json& value) {
  if (value == "released") return ForceUntil::kReleased;
  if (value == "boundary") return ForceUntil::kBoundary;
  return std::nullopt;
}

json ns_or_null(bool present, nanoseconds value) { return present ? json(value.count()) : json(); }

}  // namespace

absl::StatusOr<ShowPlan> read_plan(const json& object) {
  Faults faults;
  ShowPlan plan = read_plan(object, faults);
  if (absl::Status read = faults.status(); !read.ok()) return read;
  return plan;
}

ShowPlan read_scenes(const json& object) {
  Faults ignored;
  return read_plan(object, ignored);
}

absl::StatusOr<ShowPlan> parse_plan(std::string_view text, std::string_view file) {
  const absl::StatusOr<json> object = common::parse_json_object(text);
  if (!object.ok()) {
    return common::data_error(file,
                              std::string(absl::StripPrefix(object.status().message(), "body: ")));
  }
  absl::StatusOr<ShowPlan> plan = read_plan(*object);
  if (!plan.ok()) return common::data_error(file, std::string(plan.status().message()));
  return plan;
}

absl::StatusOr<std::string> read_command_id(const json& object) {
  auto id = name_in(member(object, "command_id"), kLongestId);
  if (!id) return error("command_id", "a text of 1 to 100 bytes without control characters");
  return *std::move(id);
}

absl::StatusOr<Request> read_request(const json& object) {
  Command command;
  auto id = read_command_id(object);
  if (!id.ok()) return id.status();
  command.id = *std::move(id);
  const json& named = member(object, "command");
  if (!named.is_string()) return error("command", kCommands);
  const std::string& name = named.get_ref<const std::string&>();
  if (name == "UpdateStreamStatus") {
    absl::StatusOr<StreamUpdate> update = read_stream(object);
    if (!update.ok()) return update.status();
    update->id = std::move(command.id);
    return *std::move(update);
  }
  const json& until = member(object, "until");
  const std::optional<Verb> verb =
      name == "ForceScene" ? (until.is_null() ? Verb::kTake : Verb::kForce) : parse_verb(name);
  if (!verb || *verb == Verb::kCorrect || *verb == Verb::kBoot) return error("command", kCommands);
  command.verb = *verb;
  if (*verb == Verb::kTake || *verb == Verb::kForce) {
    auto scene = name_in(member(object, "scene"), kLongestScene);
    if (!scene) return error("scene", "a text of 1 to 256 bytes without control characters");
    command.scene = *std::move(scene);
  }
  if (*verb == Verb::kForce) {
    const auto end = read_until(until);
    if (!end) return error("until", "released or boundary");
    command.until = *end;
  }
  if (*verb == Verb::kConfigure) {
    absl::StatusOr<ShowPlan> plan = read_plan(member(object, "rundown"));
    if (!plan.ok()) return plan.status();
    command.plan = *std::move(plan);
  }
  return command;
}

absl::StatusOr<Command> read_stored_command(const json& object) {
  if (!object.is_object()) return error("record", "an object");
  const auto verb = parse_verb(object.value("command", std::string()));
  if (!verb) return error("command", kCommands);
  Command command{.verb = *verb, .scene = object.value("scene", std::string())};
  command.until = read_until(member(object, "until")).value_or(ForceUntil::kReleased);
  command.in_mixer = object.value("in_mixer", false);
  command.why = object.value("why", std::string());
  command.by = nanoseconds(integer(member(object, "by_ns")).value_or(0));
  if (*verb == Verb::kConfigure) {
    absl::StatusOr<ShowPlan> plan = read_plan(member(object, "rundown"));
    if (!plan.ok()) return plan.status();
    command.plan = *std::move(plan);
  }
  return command;
}

json to_json(const ShowPlan& plan) {
  json scenes = json::array();
  for (const Scene& scene : plan.scenes) {
    json one = {{"name", scene.name}, {"duration_ms", scene.duration / milliseconds(1)}};
    if (scene.start) one["start_ms"] = *scene.start / milliseconds(1);
    scenes.push_back(std::move(one));
  }
  return {{"looping", plan.looping}, {"scenes", std::move(scenes)}};
}

json brief_json(const Command& command) {
  json result = {{"command", name_of(command.verb)}};
  if (!command.scene.empty()) result["scene"] = command.scene;
  if (command.verb == Verb::kForce) result["until"] = to_string(command.until);
  if (command.in_mixer) result["in_mixer"] = true;
  if (!command.why.empty()) result["why"] = command.why;
  if (command.verb == Verb::kCorrect) result["by_ns"] = command.by.count();
  if (command.verb == Verb::kConfigure) result["scenes"] = command.plan.scenes.size();
  return result;
}

json to_json(const Command& command) {
  json result = brief_json(command);
  if (result.erase("scenes") != 0) result["rundown"] = to_json(command.plan);
  return result;
}

json history_json(std::uint64_t sequence, const std::string& id, const std::string& command,
                  masterclock::UtcTime utc) {
  json result = common::parse_json(command);
  if (!result.is_object()) result = json::object();
  if (const auto plan = result.find("rundown"); plan != result.end()) {
    const std::size_t scenes = member(*plan, "scenes").size();
    result.erase(plan);
    result["scenes"] = scenes;
  }
  result["sequence"] = sequence;
  result["command_id"] = id;
  result["utc_ns"] = utc.time_since_epoch().count();
  return result;
}

json look_json(const Rundown& rundown, SteadyTime at) {
  const RundownReading reading = rundown.reading(at);
  const std::span<const Scene> scenes = rundown.scenes();
  const bool in_scene = reading.scene.has_value();
  std::int64_t ppm = 0;
  if (!scenes.empty()) {
    const Scene& last = scenes.back();
    ppm = static_cast<std::int64_t>(masterclock::internal::Int128{reading.position.count()} *
                                    1'000'000 / (*last.start + last.duration).count());
  }
  return {{"state", to_string(reading.state)},
          {"position_ns", reading.position.count()},
          {"cycle", reading.cycle},
          {"scene", in_scene ? json(scenes[*reading.scene].name) : json()},
          {"scene_index", in_scene ? json(*reading.scene) : json()},
          {"on_air", reading.on_air ? json(*reading.on_air) : json()},
          {"into_scene_ns", ns_or_null(in_scene, reading.into_scene)},
          {"scene_left_ns", ns_or_null(in_scene, reading.scene_left)},
          {"progress_ppm", ppm},
          {"held", reading.held},
          {"forced", reading.forced},
          {"behind_ns", reading.behind.count()}};
}

std::vector<std::string> allowed_commands(RundownState state) {
  std::vector<std::string> names = {"Configure", "Force", "Release", "UpdateStreamStatus"};
  const auto add = [&](std::initializer_list<const char*> more) {
    names.insert(names.end(), more.begin(), more.end());
  };
  if (state != RundownState::kUnconfigured) add({"Reset"});
  if (state == RundownState::kIdle) add({"Start", "Take", "Skip"});
  if (state == RundownState::kRunning) add({"Pause", "Stop", "Take", "Skip", "Hold", "Go"});
  if (state == RundownState::kPaused) add({"Resume", "Stop", "Take", "Skip", "Hold", "Go"});
  return names;
}

}  // namespace director
