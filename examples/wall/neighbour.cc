#include "neighbour.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/parse_json.h"
#include "common/printable.h"
#include "common/web_client.h"

namespace wall {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kBetweenRequests(500);
constexpr std::chrono::milliseconds kTimeout(1'000);
constexpr std::size_t kMostClocks = 20;
constexpr std::size_t kLongestText = 200;  // bytes

const json& field(const json& object, const char* name) {
  static const json null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

// Returns the text on one line, or null for anything else.
json text(const json& value) {
  if (!value.is_string()) return nullptr;
  const auto& all = value.get_ref<const std::string&>();
  return common::printable(all.substr(0, kLongestText));
}

json number(const json& value) {
  const std::optional<std::int64_t> read = common::integer(value);
  return read ? json(*read) : json();
}

// Returns null for what is no clock.
json clock_of(const json& clock) {
  if (!clock.is_object()) return nullptr;
  json shown = {{"kind", text(field(clock, "kind"))},
                {"id", number(field(clock, "id"))},
                {"direction", field(clock, "direction") == "down" ? "down" : "up"},
                {"value_ns", number(field(clock, "value_ns"))},
                {"rate", number(field(clock, "rate"))}};
  for (const json& needed : shown) {
    if (needed.is_null()) return nullptr;
  }
  shown["expires_in_ns"] = number(field(clock, "expires_in_ns"));
  return shown;
}

absl::StatusOr<json> ask(const std::string& address, Neighbour::Reader reader) {
  const auto response = common::http_call({.url = address + "api/state", .timeout = kTimeout});
  if (!response.ok()) return response.status();
  if (response->status != 200) {
    return absl::UnavailableError("answered with status " + std::to_string(response->status));
  }
  return reader(common::parse_json(response->body));
}

}  // namespace

absl::StatusOr<json> read_scoreboard(const json& state) {
  if (!state.is_object() || !field(state, "clocks").is_array()) {
    return absl::UnavailableError("its answer is no state of a scoreboard");
  }
  json clocks = json::array();
  std::size_t more = 0;
  for (const json& sent : state["clocks"]) {
    if (clocks.size() == kMostClocks) {
      ++more;
    } else if (json clock = clock_of(sent); !clock.is_null()) {
      clocks.push_back(std::move(clock));
    }
  }
  return json{{"clocks", std::move(clocks)}, {"more", more}};
}

absl::StatusOr<json> read_director(const json& state) {
  json name = state.is_object() ? text(field(state, "state")) : json();
  if (name.is_null()) return absl::UnavailableError("its answer is no state of a director");
  json shown = {{"state", std::move(name)},
                {"on_air", text(field(state, "on_air"))},
                {"held", field(state, "held") == true},
                {"next", nullptr}};
  if (const json& next = field(state, "next"); next.is_object()) {
    json scene = text(field(next, "scene")), in = number(field(next, "in_ns"));
    if (!scene.is_null() && !in.is_null()) {
      shown["next"] = {{"scene", std::move(scene)}, {"in_ns", std::move(in)}};
    }
  }
  return shown;
}

Neighbour::Neighbour(const masterclock::TimeSource& source, std::string address, Reader reader)
    : source_(source), address_(std::move(address)), reader_(reader), thread_([this] { run(); }) {}

Neighbour::~Neighbour() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

Answer Neighbour::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Neighbour::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    lock.unlock();
    const masterclock::SteadyTime asked = source_.now_steady();
    auto state = ask(address_, reader_);
    lock.lock();
    last_ = {true, state.status(), state.ok() ? *std::move(state) : nlohmann::json(), asked};
    ended_.wait_for(lock, kBetweenRequests, [this] { return ends_; });
  }
}

}  // namespace wall
