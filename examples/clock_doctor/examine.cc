#include "examine.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include "masterclock/time/rfc3339.h"
#include "text.h"

namespace clock_doctor {
namespace {

using masterclock::SyncReading;
using masterclock::SyncState;
using std::chrono::days;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds kFrame = 40ms;  // at 25 frames a second
constexpr nanoseconds kCoarse = 1us;
constexpr days kRenewLeapTable{60};
constexpr days kOldTzdata{365};  // every year so far had a release
constexpr std::array kSetTheClock = {"chronyd", "ntpd", "systemd-timesyncd", "phc2sys"};

Finding good(std::string check, std::string says) {
  return {std::move(check), Level::kGood, std::move(says), ""};
}
Finding attention(std::string check, std::string says, std::string advice) {
  return {std::move(check), Level::kAttention, std::move(says), std::move(advice)};
}
Finding bad(std::string check, std::string says, std::string advice) {
  return {std::move(check), Level::kBad, std::move(says), std::move(advice)};
}

const Statement* statement_of(const MachineFacts& facts, std::string_view by) {
  for (const Statement& statement : facts.statements) {
    if (statement.by == by) return &statement;
  }
  return nullptr;
}

// Orders synchronized before free-running before disrupted; then by the bound.
const Statement* best(const MachineFacts& facts) {
  const auto rank = [](const Statement& s) {
    switch (s.reading.state) {
      case SyncState::kSynchronized:
        return 0;
      case SyncState::kFreeRunning:
        return 1;
      case SyncState::kDisrupted:
        return 2;
      case SyncState::kUnknown:
        break;
    }
    return 3;
  };
  const auto found = std::min_element(facts.statements.begin(), facts.statements.end(),
                                      [&](const auto& a, const auto& b) {
                                        return std::pair(rank(a), a.reading.error_bound) <
                                               std::pair(rank(b), b.reading.error_bound);
                                      });
  return found == facts.statements.end() ? nullptr : &*found;
}

std::optional<int> tai_offset(const MachineFacts& facts) {
  for (const Statement& statement : facts.statements) {
    if (statement.reading.tai_offset) return statement.reading.tai_offset;
  }
  return std::nullopt;
}

bool synchronized(const MachineFacts& facts) {
  return std::any_of(facts.statements.begin(), facts.statements.end(),
                     [](const auto& s) { return s.reading.state == SyncState::kSynchronized; });
}

std::vector<std::string> setters(const MachineFacts& facts, SetsClock how) {
  std::vector<std::string> result;
  for (const char* name : kSetTheClock) {
    if (!facts.running.contains(name)) continue;
    const auto known = facts.sets_clock.find(name);
    if ((known == facts.sets_clock.end() ? SetsClock::kYes : known->second) == how) {
      result.emplace_back(name);
    }
  }
  return result;
}

std::string how_to_be_synchronized(const MachineFacts& facts) {
  if (facts.running.contains("chronyd")) return "see 'chronyc sources' and 'chronyc tracking'";
  if (facts.running.contains("ptp4l")) return "see ptp4l's log, and whether phc2sys runs";
  for (const SetsClock how : {SetsClock::kYes, SetsClock::kMay}) {
    if (!setters(facts, how).empty()) return "see the log of " + setters(facts, how)[0];
  }
  if (facts.installed.contains("chronyd")) return "systemctl enable --now chrony";
  return "apt-get install chrony; name your servers in chrony.conf";
}

Finding state_of(const MachineFacts& facts) {
  const Statement* const by = best(facts);
  if (by == nullptr || by->reading.state == SyncState::kUnknown) {
    return bad("state", "unknown: no provider bounds the error of this clock",
               how_to_be_synchronized(facts));
  }
  if (by->reading.state == SyncState::kDisrupted) {
    return bad("state", "disrupted, by " + by->by, how_to_be_synchronized(facts));
  }
  const nanoseconds bound = by->reading.error_bound;
  const std::string says =
      to_string(by->reading.state) + ", within " + duration_text(bound) + ", by " + by->by;
  if (by->reading.state == SyncState::kFreeRunning) {
    return attention("state", says, how_to_be_synchronized(facts));
  }
  if (bound > kFrame) {
    return attention("state", says + ": more than a frame",
                     "a nearer server, or PTP, brings it below a frame");
  }
  return good("state", says);
}

Finding system_clock_of(const MachineFacts& facts) {
  if (facts.tzdata_built && facts.now < *facts.tzdata_built - days(2)) {
    return bad("system clock",
               "it is before the build of tzdata on " + date_text(*facts.tzdata_built),
               "'chronyc makestep' sets it; check the battery of the RTC");
  }
  const std::string source = facts.clocksource.empty() ? "unknown" : facts.clocksource;
  const std::string says =
      "resolution " + duration_text(facts.resolution) + ", clocksource " + source;
  if (facts.resolution > kCoarse) {
    return attention("system clock", says, "use a kernel with high-resolution timers");
  }
  for (const char* slow : {"hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"}) {
    if (source == slow) {
      return attention("system clock", says + ": a reading is a system call",
                       "'dmesg | grep -i tsc' shows why it is not the tsc");
    }
  }
  return good("system clock", says);
}

Finding tsc_of(const MachineFacts& facts) {
  if (!facts.x86) return good("tsc", "not an x86 processor: use SystemTimeSource");
  const std::string why = !facts.constant_tsc          ? "its rate is not known to be constant"
                          : !facts.nonstop_tsc         ? "it stops in deep sleep"
                          : facts.clocksource != "tsc" ? "it is not the clocksource"
                                                       : "";
  if (!why.empty()) return good("tsc", "no TscTimeSource: " + why);
  return good("tsc", "fit for TscTimeSource: invariant, and the clocksource");
}

Finding kernel_of(const MachineFacts& facts) {
  const std::vector<std::string> certain = setters(facts, SetsClock::kYes);
  if (certain.size() > 1) {
    std::string names = certain[0];
    for (std::size_t i = 1; i < certain.size(); ++i) names += " and " + certain[i];
    return attention("kernel", names + " both set the clock",
                     "keep one of them: 'systemctl disable --now' for the other");
  }
  const std::vector<std::string> possible = setters(facts, SetsClock::kMay);
  if (!certain.empty() && !possible.empty()) {
    return attention("kernel", certain[0] + " sets the clock, and " + possible[0] + " may",
                     "see 'ps -o args -C " + possible[0] + "': does it set CLOCK_REALTIME?");
  }
  const Statement* const kernel = statement_of(facts, "kernel");
  if (kernel == nullptr) return good("kernel", "gives no reading");
  const SyncReading& reading = kernel->reading;
  switch (reading.state) {
    case SyncState::kSynchronized:
      return good("kernel", "disciplined, maxerror " + duration_text(reading.error_bound));
    case SyncState::kFreeRunning:
      return attention("kernel",
                       "maxerror " + duration_text(reading.error_bound) + ": no recent correction",
                       "see the state");
    case SyncState::kDisrupted:
      return bad("kernel", "it reports a clock error", "see 'dmesg', and the hardware");
    case SyncState::kUnknown:
      break;
  }
  if (synchronized(facts)) {
    return attention("kernel", "not disciplined, although a daemon knows the time",
                     "does chronyd run with -x? is phc2sys missing?");
  }
  return bad("kernel", "not disciplined: maxerror is at its limit", "see the state");
}

// Returns the provenance without the provider's name: "10.0.0.1 stratum 3", "no answer".
std::string detail_of(const SyncReading& reading) {
  const std::size_t colon = reading.provenance.find(": ");
  return std::string(reading.provenance.substr(colon == std::string_view::npos ? 0 : colon + 2));
}

// The advice for a provenance that ends in `detail`.
struct Remedy {
  std::string_view detail;
  const char* advice;
};

constexpr Remedy kChronyRemedies[] = {
    {"no answer", "does it answer at another address? use --chrony ADDRESS"},
    {"itself (local)", "name servers in chrony.conf: 'local' only serves"},
    {"", "see 'chronyc sources': is there a server that answers?"},
};
constexpr Remedy kLinuxPtpRemedies[] = {
    {"no answer", "another address? use --ptp4l SOCKET, --domain NUMBER"},
    {"not locked yet", "wait; with free_running it measures only, and never locks"},
    {"UTC offset not valid", "the grandmaster must send currentUtcOffsetValid"},
    {"arbitrary timescale", "the grandmaster must use the PTP timescale"},
    {"is a master itself", "its own clock needs a source: chrony, or a receiver"},
    {"", "see 'pmc -u -b 0 \"GET PORT_DATA_SET\"': is there a master?"},
};

// Returns the finding about `program`, the daemon of provider `by`; nothing when it does not run.
template <std::size_t kSize>
std::optional<Finding> daemon_of(const MachineFacts& facts, const char* by, const char* program,
                                 const Remedy (&remedies)[kSize]) {
  const Statement* const statement = statement_of(facts, by);
  if (statement == nullptr) return std::nullopt;
  const SyncReading& reading = statement->reading;
  const std::string detail = detail_of(reading);
  const char* advice =
      std::find_if(std::begin(remedies), std::end(remedies) - 1, [&](const Remedy& r) {
        return detail.ends_with(r.detail);
      })->advice;
  if (absl::IsPermissionDenied(statement->heard)) {
    advice = "run clock_doctor as root: it refuses other users";
  }
  if (absl::IsDataLoss(statement->heard)) {
    return attention(by, std::string("a peer answers there, but not as ") + program + " does",
                     "does another program use this address?");
  }
  switch (reading.state) {
    case SyncState::kSynchronized:
      return good(by, "follows " + detail + ", within " + duration_text(reading.error_bound));
    case SyncState::kFreeRunning:
      return attention(
          by, "no news from " + detail + ", within " + duration_text(reading.error_bound), advice);
    case SyncState::kDisrupted:
    case SyncState::kUnknown:
      break;
  }
  const std::string says = std::string(program) + " runs: " + detail;
  // A master may follow another source, such as chrony.
  if (detail == "is a master itself" && synchronized(facts)) return good(by, says);
  return attention(by, says, advice);
}

Finding chrony_of(const MachineFacts& facts) {
  if (auto found = daemon_of(facts, "chrony", "chronyd", kChronyRemedies)) {
    return *std::move(found);
  }
  if (synchronized(facts)) return good("chrony", "chronyd does not run");
  return attention("chrony", "chronyd does not run",
                   "see the state, unless another daemon disciplines this clock");
}

Finding linuxptp_of(const MachineFacts& facts) {
  if (auto found = daemon_of(facts, "linuxptp", "ptp4l", kLinuxPtpRemedies)) {
    return *std::move(found);
  }
  return good("linuxptp", "ptp4l does not run");
}

// Returns the distance of the card's clock: ", 1.234 us ahead of UTC". ptp4l keeps TAI in it.
std::string distance_text(const HardwareClock& clock, std::chrono::seconds tai_minus_utc) {
  if (!clock.reading) return "";
  const nanoseconds ahead = clock.reading->ahead;
  for (const auto& [scale, offset] :
       {std::pair("this UTC", nanoseconds(0)), std::pair("this TAI", nanoseconds(tai_minus_utc))}) {
    const nanoseconds distance = masterclock::saturating_add(ahead, -offset);
    if (distance <= -1s || distance >= 1s) continue;
    return ", " + duration_text(std::chrono::abs(distance)) +
           (distance < 0ns ? " behind " : " ahead of ") + scale;
  }
  return ", not set";
}

Finding hardware_clock_of(const MachineFacts& facts) {
  if (facts.hardware_clocks.empty()) return good("PTP clocks", "no /dev/ptpN");
  const HardwareClock& clock = facts.hardware_clocks[0];
  std::string says = clock.device + (clock.name.empty() ? "" : " (" + clock.name + ")");
  if (facts.hardware_clocks.size() > 1) {
    says += " and " + std::to_string(facts.hardware_clocks.size() - 1) + " more";
  }
  says += distance_text(clock, facts.tai_minus_utc);
  // A clock of the host needs no ptp4l: chrony or phc2sys follows it.
  const bool virtual_clock = clock.name.find("virtual") != std::string::npos ||
                             clock.name.find("kvm") != std::string::npos ||
                             clock.name.find("KVM") != std::string::npos ||
                             clock.name.find("hyperv") != std::string::npos;
  if (virtual_clock) {
    if (clock.reading && synchronized(facts)) {
      const nanoseconds ahead = clock.reading->ahead;
      if (ahead < -kFrame || ahead > kFrame) {
        return attention("PTP clocks", says + ": one is wrong",
                         "the host disciplines this clock: ask its operator");
      }
    }
    if (synchronized(facts)) return good("PTP clocks", says);
    return attention("PTP clocks", says + ", not followed",
                     "in chrony.conf: refclock PHC " + clock.device + " poll 2");
  }
  if (!facts.running.contains("ptp4l")) {
    return attention("PTP clocks", says + ", and ptp4l does not run",
                     "with PTP on the network: ptp4l -i IFACE -s, and phc2sys -a -r");
  }
  if (!facts.running.contains("phc2sys") && !synchronized(facts)) {
    return attention("PTP clocks", says + ": ptp4l runs, phc2sys does not",
                     "phc2sys -a -r lets the system clock follow it");
  }
  return good("PTP clocks", says);
}

Finding tai_of(const MachineFacts& facts) {
  const char* const how_to_set = "chrony.conf: leapsectz right/UTC; with PTP, phc2sys sets it";
  const std::optional<int> offset = tai_offset(facts);
  if (!offset) {
    return attention("TAI", "unknown: not set, CLOCK_TAI reads as CLOCK_REALTIME", how_to_set);
  }
  for (const Statement& statement : facts.statements) {
    const std::optional<int> stated = statement.reading.tai_offset;
    if (stated && *stated != facts.tai_minus_utc.count() && facts.now < facts.leap_expiry) {
      return bad("TAI",
                 "TAI - UTC is " + std::to_string(*stated) + " s by " + statement.by +
                     ", by the leap table " + std::to_string(facts.tai_minus_utc.count()) + " s",
                 "check the grandmaster's currentUtcOffset, chrony's leapsectz");
    }
  }
  const std::string says = "TAI - UTC is " + std::to_string(*offset) + " s";
  const Statement* const kernel = statement_of(facts, "kernel");
  if (kernel != nullptr && !kernel->reading.tai_offset) {
    return attention("TAI", says + ", but CLOCK_TAI reads as CLOCK_REALTIME", how_to_set);
  }
  return good("TAI", says);
}

Finding leap_seconds_of(const MachineFacts& facts) {
  const auto left = std::chrono::floor<days>(facts.leap_expiry - facts.now).count();
  const std::string date = date_text(facts.leap_expiry);
  const std::string from = facts.leap_source == "built-in" ? "built in" : facts.leap_source;
  const std::string advice =
      "apt-get install tzdata" + (facts.leap_file_error.empty()
                                      ? std::string(": it updates leap-seconds.list")
                                      : std::string(": leap-seconds.list is not readable"));
  if (facts.now >= facts.leap_expiry) {
    return attention(
        "leap seconds",
        "the table expired on " + date + ", " + std::to_string(-left) + " days ago (" + from + ")",
        advice);
  }
  const std::string says =
      "the table is valid until " + date + ", " + std::to_string(left) + " days (" + from + ")";
  if (facts.leap_expiry - facts.now < kRenewLeapTable) {
    return attention("leap seconds", says, advice);
  }
  return good("leap seconds", says);
}

// Returns 2026 for "2026f".
std::optional<int> year_of(const std::string& version) {
  int year = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), year);
  if (error != std::errc() || end != version.data() + 4) return std::nullopt;
  return year;
}

Finding tzdata_of(const MachineFacts& facts) {
  if (!facts.tzdata_has_zones) {
    return bad("tzdata", "no zones in " + facts.tzdata_directory, "apt-get install tzdata");
  }
  std::string says = facts.tzdata_version;
  bool old = false;
  if (facts.tzdata_built) {
    const auto age = std::chrono::floor<days>(facts.now - *facts.tzdata_built);
    says += ", built " + date_text(*facts.tzdata_built) + ", " +
            std::to_string(std::max<std::int64_t>(age.count(), 0)) + " days ago";
    old = age > kOldTzdata;
  }
  const std::chrono::year_month_day today(std::chrono::floor<days>(facts.now));
  // The last release of a year may come in December.
  if (const auto year = year_of(facts.tzdata_version)) old |= *year + 1 < int{today.year()};
  if (!old) return good("tzdata", says);
  return attention("tzdata", says, "apt-get install tzdata: newer rules are missing");
}

Finding zone_of(const MachineFacts& facts) {
  if (!facts.zone.empty()) return good("zone", facts.zone);
  return attention("zone", facts.zone_error, "timedatectl set-timezone ZONE");
}

}  // namespace

const char* to_string(Level level) noexcept {
  switch (level) {
    case Level::kGood:
      return "healthy";
    case Level::kAttention:
      return "attention wanted";
    case Level::kBad:
      return "not to be trusted";
  }
  return "not to be trusted";
}

Diagnosis examine(const MachineFacts& facts) {
  Diagnosis result;
  result.at = facts.now;
  if (const Statement* const by = best(facts)) {
    result.state = by->reading.state;
    if (by->reading.has_bound()) {
      result.by = by->by;
      result.error_bound = by->reading.error_bound;
    }
  }
  result.tai_offset = tai_offset(facts);
  result.sources = facts.statements;
  result.findings = {state_of(facts),          system_clock_of(facts), tsc_of(facts),
                     kernel_of(facts),         chrony_of(facts),       linuxptp_of(facts),
                     hardware_clock_of(facts), tai_of(facts),          leap_seconds_of(facts),
                     tzdata_of(facts),         zone_of(facts)};
  for (const Finding& finding : result.findings) {
    result.verdict = std::max(result.verdict, finding.level);
  }
  return result;
}

}  // namespace clock_doctor
