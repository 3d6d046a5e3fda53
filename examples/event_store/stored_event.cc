#include "stored_event.h"

#include <array>
#include <utility>

#include "masterclock/internal/quoted.h"
#include "masterclock/time/rfc3339.h"

namespace event_store {
namespace {

using masterclock::LocalTime;
using masterclock::OnMissed;
using masterclock::Resolve;
using masterclock::UtcTime;

template <class Policy>
using Name = std::pair<std::string_view, Policy>;

constexpr std::array kResolves = {
    Name<Resolve>("reject", Resolve::kReject), Name<Resolve>("compatible", Resolve::kCompatible),
    Name<Resolve>("earlier", Resolve::kEarlier), Name<Resolve>("later", Resolve::kLater),
    Name<Resolve>("snap", Resolve::kSnap)};
constexpr std::array kOnMissed = {Name<OnMissed>("all", OnMissed::kRunAll),
                                  Name<OnMissed>("last", OnMissed::kRunLast),
                                  Name<OnMissed>("skip", OnMissed::kSkip)};

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
std::string to_text(OnMissed on_missed) { return name_in(kOnMissed, on_missed); }
absl::StatusOr<Resolve> parse_resolve(std::string_view text) { return policy_in(kResolves, text); }
absl::StatusOr<OnMissed> parse_on_missed(std::string_view text) {
  return policy_in(kOnMissed, text);
}

}  // namespace event_store
