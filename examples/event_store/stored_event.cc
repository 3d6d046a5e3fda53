#include "stored_event.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/printable.h"
#include "common/time_text.h"

namespace event_store {
namespace {

using masterclock::LocalTime;
using masterclock::OnMisfire;
using masterclock::Resolve;
using masterclock::UtcTime;
using masterclock::Weekdays;

template <class T>
using Name = std::pair<std::string_view, T>;

constexpr std::array kResolves = {
    Name<Resolve>("reject", Resolve::kReject), Name<Resolve>("compatible", Resolve::kCompatible),
    Name<Resolve>("earlier", Resolve::kEarlier), Name<Resolve>("later", Resolve::kLater),
    Name<Resolve>("snap", Resolve::kSnap)};
constexpr std::array kOnMisfire = {Name<OnMisfire>("all", OnMisfire::kRunAll),
                                   Name<OnMisfire>("last", OnMisfire::kRunLast),
                                   Name<OnMisfire>("skip", OnMisfire::kSkip)};
constexpr std::array kDays = {Name<std::chrono::weekday>("mon", std::chrono::Monday),
                              Name<std::chrono::weekday>("tue", std::chrono::Tuesday),
                              Name<std::chrono::weekday>("wed", std::chrono::Wednesday),
                              Name<std::chrono::weekday>("thu", std::chrono::Thursday),
                              Name<std::chrono::weekday>("fri", std::chrono::Friday),
                              Name<std::chrono::weekday>("sat", std::chrono::Saturday),
                              Name<std::chrono::weekday>("sun", std::chrono::Sunday)};

template <class Names, class Value>
std::string name_in(const Names& names, Value value) {
  for (const auto& [name, named] : names) {
    if (named == value) return std::string(name);
  }
  return {};
}

template <class Names>
auto value_in(const Names& names, std::string_view what, std::string_view text)
    -> absl::StatusOr<typename Names::value_type::second_type> {
  std::string expected;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  return absl::InvalidArgumentError("Invalid " + std::string(what) + " " + common::in_quotes(text) +
                                    ": expected one of " + expected);
}

}  // namespace

std::string to_text(Resolve resolve) { return name_in(kResolves, resolve); }
std::string to_text(OnMisfire on_misfire) { return name_in(kOnMisfire, on_misfire); }
absl::StatusOr<Resolve> parse_resolve(std::string_view text) {
  return value_in(kResolves, "policy", text);
}
absl::StatusOr<OnMisfire> parse_on_misfire(std::string_view text) {
  return value_in(kOnMisfire, "policy", text);
}

std::string to_text(Weekdays days) {
  std::string text;
  for (const auto& [name, day] : kDays) {
    if (days.contains(day)) text += (text.empty() ? "" : ",") + std::string(name);
  }
  return text;
}

absl::StatusOr<Weekdays> parse_days(std::string_view text) {
  std::optional<Weekdays> days;
  const std::vector<std::string> names =
      absl::StrSplit(absl::AsciiStrToLower(std::string(text)), ',');
  for (const std::string& name : names) {
    const auto day = value_in(kDays, "day", name);
    if (!day.ok()) return day.status();
    days = days ? *days | Weekdays{*day} : Weekdays{*day};
  }
  return *days;
}

std::string to_text(LocalTime local) {
  std::string text = common::utc_text(UtcTime(local.time_since_epoch()));
  text.pop_back();  // the Z
  return text;
}

}  // namespace event_store
