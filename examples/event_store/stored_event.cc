#include "stored_event.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "masterclock/internal/quoted.h"
#include "masterclock/time/rfc3339.h"

namespace event_store {
namespace {

using masterclock::LocalTime;
using masterclock::OnMisfire;
using masterclock::Resolve;
using masterclock::UtcTime;

template <class Policy>
using Name = std::pair<std::string_view, Policy>;

constexpr std::array kResolves = {
    Name<Resolve>("reject", Resolve::kReject), Name<Resolve>("compatible", Resolve::kCompatible),
    Name<Resolve>("earlier", Resolve::kEarlier), Name<Resolve>("later", Resolve::kLater),
    Name<Resolve>("snap", Resolve::kSnap)};
constexpr std::array kOnMisfire = {Name<OnMisfire>("all", OnMisfire::kRunAll),
                                  Name<OnMisfire>("last", OnMisfire::kRunLast),
                                  Name<OnMisfire>("skip", OnMisfire::kSkip)};

template <class Names, class Policy>
std::string name_in(const Names& names, Policy policy) {
  for (const auto& [name, value] : names) {
    if (value == policy) return std::string(name);
  }
  return {};
}

template <class Names>
auto policy_in(const Names& names, std::string_view text)
    -> absl::StatusOr<typename Names::value_type::second_type> {
  std::string expected;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  return absl::InvalidArgumentError("Invalid policy " + masterclock::internal::quoted(text) +
                                    ": expected one of " + expected);
}

}  // namespace

absl::StatusOr<LocalTime> parse_wall(std::string_view text) {
  const absl::StatusOr<UtcTime> read = masterclock::parse_rfc3339(std::string(text) + "Z");
  if (!read.ok()) {
    return absl::InvalidArgumentError("Invalid wall time " + masterclock::internal::quoted(text) +
                                      ": expected one such as 2026-03-29T06:00:00");
  }
  return LocalTime(read->time_since_epoch());
}

std::string to_text(LocalTime local) {
  std::string text = to_text(UtcTime(local.time_since_epoch()));
  text.pop_back();  // the Z
  return text;
}

std::string to_text(UtcTime utc) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(utc);
  if (whole == utc) return masterclock::to_rfc3339(whole);
  return masterclock::to_rfc3339(utc);
}

std::string to_text(Resolve resolve) { return name_in(kResolves, resolve); }
std::string to_text(OnMisfire on_misfire) { return name_in(kOnMisfire, on_misfire); }
absl::StatusOr<Resolve> parse_resolve(std::string_view text) { return policy_in(kResolves, text); }
absl::StatusOr<OnMisfire> parse_on_misfire(std::string_view text) {
  return policy_in(kOnMisfire, text);
}

absl::StatusOr<masterclock::Weekdays> parse_days(std::string_view text) {
  if (text == to_string(masterclock::kEveryDay)) return masterclock::kEveryDay;
  std::optional<masterclock::Weekdays> days;
  for (std::string_view rest = text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::optional<masterclock::Weekdays> found;
    for (unsigned day = 0; day < 7; ++day) {
      const masterclock::Weekdays one = {std::chrono::weekday(day)};
      if (rest.substr(0, comma) == to_string(one)) found = one;
    }
    if (!found) {
      return absl::InvalidArgumentError("Invalid days " + masterclock::internal::quoted(text) +
                                        ": expected some of Mon,Tue,Wed,Thu,Fri,Sat,Sun");
    }
    days = days ? *days | *found : *found;
    if (comma == rest.size()) return *days;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace event_store
