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
constexpr nanoseconds kCoarse = 1us;  // a resolution that is
constexpr days kRenewLeapTable{60};   // so long before it expires
constexpr days kOldTzdata{365};       // without a release, which never happened yet
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

// Synchronized before free-running before disrupted; then whoever states the narrower bound.
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
    return bad("state", "unknown: nobody says how wrong this clock is",
               how_to_be_synchronized(facts));
  }
  if (by->reading.state == SyncState::kDisrupted) {
    return bad("state", "disrupted, by " + by->by, how_to_be_synchronized(facts));
  }
  const nanoseconds bound = by->reading.error_bound;
  const std::string says = std::string(to_string(by->reading.state)) + ", within " +
                           duration_text(bound) + ", by " + by->by;
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
               "it is before " + date_text(*facts.tzdata_built) + ", when tzdata was built",
               "'chronyc makestep' sets it; see to the battery of the RTC");
  }
  const std::string source = facts.clocksource.empty() ? "unknown" : facts.clocksource;
  const std::string says =
      "resolution " + duration_text(facts.resolution) + ", clocksource " + source;
  if (facts.resolution > kCoarse) {
    return attention("system clock", says, "a kernel with high-resolution timers is wanted");
  }
  for (const char* slow : {"hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"}) {
    if (source == slow) {
      return attention("system clock", says + ": a reading is a system call",
                       "'dmesg | grep -i tsc' says why it is not the tsc");
    }
  }
  return good("system clock", says);
}

Finding tsc_of(const MachineFacts& facts) {
  if (!facts.x86) return good("tsc", "not an x86 processor: the kernel's clock is read");
  const std::string why = !facts.constant_tsc          ? "its rate is not known to be constant"
                          : !facts.nonstop_tsc         ? "it stops in deep sleep"
                          : facts.clocksource != "tsc" ? "it is not the clocksource"
                                                       : "";
  if (!why.empty()) return good("tsc", "no TscTimeSource: " + why);
  return good("tsc", "fit for TscTimeSource: invariant, and the clocksource");
}

Finding kernel_of(const MachineFacts& facts) {
  const std::vector<std::string> who = setters(facts, SetsClock::kYes);
  if (who.size() > 1) {
    std::string names = who[0];
    for (std::size_t i = 1; i < who.size(); ++i) names += " and " + who[i];
    return attention("kernel", names + " both set the clock",
                     "keep one of them: 'systemctl disable --now' for the other");
  }
  const std::vector<std::string> perhaps = setters(facts, SetsClock::kMay);
  if (!who.empty() && !perhaps.empty()) {
    return attention("kernel", who[0] + " sets the clock, and " + perhaps[0] + " may",
                     "does 'ps -o args -C " + perhaps[0] + "' name CLOCK_REALTIME to be set?");
  }
  const Statement* const kernel = statement_of(facts, "kernel");
  if (kernel == nullptr) return good("kernel", "it does not say");
  const SyncReading& reading = kernel->reading;
  switch (reading.state) {
    case SyncState::kSynchronized:
      return good("kernel", "disciplined, maxerror " + duration_text(reading.error_bound));
    case SyncState::kFreeRunning:
      return attention(
          "kernel",
          "maxerror " + duration_text(reading.error_bound) + ": not corrected for a while",
          "as for the state");
    case SyncState::kDisrupted:
      return bad("kernel", "it reports a clock error", "see 'dmesg', and the hardware");
    case SyncState::kUnknown:
      break;
  }
  if (synchronized(facts)) {
    return attention("kernel", "not disciplined: who knows better does not correct it",
                     "is chronyd run with -x, or phc2sys missing?");
  }
  return bad("kernel", "not disciplined: maxerror is at its limit", "as for the state");
}

// What a daemon's provider says after its own name: "10.0.0.1 stratum 3" or "no answer".
std::string detail_of(const SyncReading& reading) {
  const std::size_t colon = reading.provenance.find(": ");
  return std::string(reading.provenance.substr(colon == std::string_view::npos ? 0 : colon + 2));
}

struct Remedy {
  std::string_view detail;
  const char* advice;
};

constexpr Remedy kChronyRemedies[] = {
    {"no answer", "does it answer elsewhere? --chrony ADDRESS names where"},
    {"nobody but itself (local)", "name servers in chrony.conf: 'local' serves, and follows none"},
    {"", "see 'chronyc sources': is a server named, and reached?"},
};
constexpr Remedy kLinuxPtpRemedies[] = {
    {"no answer", "another socket or domain? --ptp4l SOCKET, --domain NUMBER"},
    {"not locked yet", "wait; under free_running it only measures, and never locks"},
    {"UTC offset not valid", "the grandmaster has to state currentUtcOffsetValid"},
    {"arbitrary timescale", "the grandmaster has to use the PTP timescale"},
    {"is a master itself", "its own clock wants a source: chrony, or a receiver"},
    {"", "see 'pmc -u -b 0 \"GET PORT_DATA_SET\"': is there a master?"},
};

// What there is to be known of `program`, whose provider is `by`. None when it is not there.
template <std::size_t kSize>
std::optional<Finding> daemon_of(const MachineFacts& facts, const char* by, const char* program,
                                 const Remedy (&remedies)[kSize]) {
  const Statement* const statement = statement_of(facts, by);
  if (statement == nullptr) return std::nullopt;
  const SyncReading& reading = statement->reading;
  const std::string detail = detail_of(reading);
  const char* advice =
      std::find_if(std::begin(remedies), std::end(remedies) - 1, [&](const Remedy& r) {
        return r.detail == detail;
      })->advice;
  if (absl::IsPermissionDenied(statement->heard)) {
    advice = "run clock_doctor as root: others are refused there";
  }
  switch (reading.state) {
    case SyncState::kSynchronized:
      return good(by, "follows " + detail + ", within " + duration_text(reading.error_bound));
    case SyncState::kFreeRunning:
      return attention(
          by, "nothing new of " + detail + ", within " + duration_text(reading.error_bound),
          advice);
    case SyncState::kDisrupted:
    case SyncState::kUnknown:
      break;
  }
  const std::string says = std::string(program) + " runs: " + detail;
  // Who serves others may be kept by somebody else.
  if (detail == "is a master itself" && synchronized(facts)) return good(by, says);
  return attention(by, says, advice);
}

Finding chrony_of(const MachineFacts& facts) {
  if (auto found = daemon_of(facts, "chrony", "chronyd", kChronyRemedies)) {
    return *std::move(found);
  }
  if (synchronized(facts)) return good("chrony", "chronyd does not run");
  return attention("chrony", "chronyd does not run",
                   "as for the state, unless another daemon keeps this clock");
}

Finding linuxptp_of(const MachineFacts& facts) {
  if (auto found = daemon_of(facts, "linuxptp", "ptp4l", kLinuxPtpRemedies)) {
    return *std::move(found);
  }
  return good("linuxptp", "ptp4l does not run");
}

// Where the card stands: ", 1.234 us ahead of UTC". TAI is what ptp4l keeps in it.
std::string where_it_stands(const HardwareClock& clock, std::chrono::seconds tai_minus_utc) {
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
  says += where_it_stands(clock, facts.tai_minus_utc);
  // One that the host hands in needs no ptp4l, and only chrony or phc2sys to follow it.
  const bool virtual_clock = clock.name.find("virtual") != std::string::npos ||
                             clock.name.find("kvm") != std::string::npos ||
                             clock.name.find("KVM") != std::string::npos ||
                             clock.name.find("hyperv") != std::string::npos;
  if (virtual_clock) {
    if (clock.reading && synchronized(facts)) {
      const nanoseconds ahead = clock.reading->ahead;
      if (ahead < -kFrame || ahead > kFrame) {
        return attention("PTP clocks", says + ": one is wrong",
                         "the host keeps that clock: ask who runs it");
      }
    }
    if (synchronized(facts)) return good("PTP clocks", says);
    return attention("PTP clocks", says + ", and nobody follows it",
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
    return attention("TAI", "unknown: nobody set it, CLOCK_TAI reads as CLOCK_REALTIME",
                     how_to_set);
  }
  for (const Statement& statement : facts.statements) {
    const std::optional<int> said = statement.reading.tai_offset;
    if (said && *said != facts.tai_minus_utc.count() && facts.now < facts.leap_expiry) {
      return bad("TAI",
                 "TAI - UTC is " + std::to_string(*said) + " s by " + statement.by +
                     ", by the leap table " + std::to_string(facts.tai_minus_utc.count()) + " s",
                 "see the grandmaster's currentUtcOffset, or chrony's leapsectz");
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
                                      ? std::string(": it renews leap-seconds.list")
                                      : std::string(": leap-seconds.list is not readable"));
  if (facts.now >= facts.leap_expiry) {
    return attention(
        "leap seconds",
        "the table expired on " + date + ", " + std::to_string(-left) + " days ago (" + from + ")",
        advice);
  }
  const std::string says =
      "the table is good until " + date + ", " + std::to_string(left) + " days (" + from + ")";
  if (facts.leap_expiry - facts.now < kRenewLeapTable) {
    return attention("leap seconds", says, advice);
  }
  return good("leap seconds", says);
}

// 2026 of "2026f".
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
  // A year's last release is of its December at the latest.
  if (const auto year = year_of(facts.tzdata_version)) old |= *year + 1 < int{today.year()};
  if (!old) return good("tzdata", says);
  return attention("tzdata", says, "apt-get install tzdata: it lacks the rules changed since");
}

Finding zone_of(const MachineFacts& facts) {
  if (!facts.zone.empty()) return good("zone", facts.zone);
  return attention("zone", facts.zone_error,
                   "timedatectl set-timezone ZONE, or name the zone where used");
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
