#include "gather.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "masterclock/sync/holdover.h"
#include "masterclock/sync/providers/chrony.h"
#include "masterclock/sync/providers/kernel.h"
#include "masterclock/sync/providers/linuxptp.h"
#include "masterclock/sync/providers/phc.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/leap_seconds_file.h"
#include "masterclock/time/system_time_source.h"
#include "masterclock/zones/system_zone.h"
#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zone_database.h"

namespace clock_doctor {
namespace {

namespace fs = std::filesystem;
using masterclock::SteadyTime;
using masterclock::SyncReading;
using masterclock::SystemTimeSource;

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// Returns the names in a directory, as far as it can be read.
std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Reads from the processor's flags how its time stamp counter runs.
void read_processor(const fs::path& root, MachineFacts& facts) {
  std::ifstream stream(root / "proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("flags")) continue;
    facts.x86 = true;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == "constant_tsc") facts.constant_tsc = true;
      if (word == "nonstop_tsc") facts.nonstop_tsc = true;
    }
    return;
  }
}

// Returns a program's command line from /proc; empty without permission.
std::vector<std::string> arguments_in(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, '\0');) words.push_back(word);
  return words;
}

// Calls `take(option, argument)` for each option, as the programs themselves read them.
//
// Threads: one at a time, because getopt uses globals.
template <class Take>
void each_option(std::vector<std::string> words, const char* known, Take take) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  optind = 0;  // restarts getopt
  opterr = 0;
  for (int c; (c = ::getopt(static_cast<int>(words.size()), argv.data(), known)) != -1;) {
    take(c, std::string_view(optarg != nullptr ? optarg : ""));
  }
}

// kNo for a phc2sys that only writes to a card's clock, or only informs another program.
SetsClock phc2sys_sets(const std::vector<std::string>& words) {
  if (words.empty()) return SetsClock::kMay;
  bool automatic = false, elsewhere = false, given_more = false;
  int system_clock = 0;
  each_option(words, "arc:d:f:s:E:P:I:S:F:R:N:O:L:M:i:u:wn:xz:l:t:mqvh-:",
              [&](int option, std::string_view argument) {
                if (option == 'a') automatic = true;
                if (option == 'r') ++system_clock;
                if (option == 'c' && argument != "CLOCK_REALTIME") elsewhere = true;
                if (option == 'E' && argument != "pi" && argument != "linreg") elsewhere = true;
                if (option == 'f' || option == '-') given_more = true;  // a file, or --name=value
              });
  if (elsewhere || (automatic && system_clock == 0)) return SetsClock::kNo;
  // With -r twice it follows a port or leads it, by the present state of ptp4l.
  return given_more || system_clock > 1 ? SetsClock::kMay : SetsClock::kYes;
}

SetsClock chronyd_sets(const std::vector<std::string>& words) {
  SetsClock sets = SetsClock::kYes;
  each_option(words, "46df:F:hl:L:mnpP:qQrRst:u:vx", [&](int option, std::string_view) {
    if (option == 'x') sets = SetsClock::kNo;
  });
  return sets;
}

// The kernel cuts the name of a program to 15 letters.
void read_programs(const fs::path& root, MachineFacts& facts) {
  const std::map<std::string, std::string, std::less<>> known = {
      {"chronyd", "chronyd"},
      {"ntpd", "ntpd"},
      {"systemd-timesyn", "systemd-timesyncd"},
      {"ptp4l", "ptp4l"},
      {"phc2sys", "phc2sys"}};
  for (const std::string& name : names_in(root / "proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto found = known.find(first_line(root / "proc" / name / "comm"));
    if (found == known.end()) continue;
    const std::string& program = found->second;
    facts.running.insert(program);
    if (program != "phc2sys" && program != "chronyd") continue;
    const std::vector<std::string> words = arguments_in(root / "proc" / name / "cmdline");
    SetsClock& sets = facts.sets_clock.emplace(program, SetsClock::kNo).first->second;
    sets = std::max(sets, program == "phc2sys" ? phc2sys_sets(words) : chronyd_sets(words));
  }
  std::error_code error;
  for (const auto& [comm, name] : known) {
    for (const char* folder : {"usr/sbin", "usr/bin", "usr/local/sbin", "usr/lib/systemd"}) {
      if (fs::exists(root / folder / name, error)) facts.installed.insert(name);
    }
  }
}

void read_hardware_clocks(const fs::path& root, MachineFacts& facts) {
  for (const std::string& name : names_in(root / "dev")) {
    if (!name.starts_with("ptp") || name.size() == 3 ||
        name.find_first_not_of("0123456789", 3) != std::string::npos) {
      continue;  // ptp_kvm and others are second names of a device
    }
    facts.hardware_clocks.push_back(
        {"/dev/" + name, first_line(root / "sys/class/ptp" / name / "clock_name"), std::nullopt});
  }
}

// Asks one daemon at several addresses, within one second in all. The first answer counts. Without an
// answer, the error that tells most counts.
class Inquiry {
 public:
  Inquiry(std::string by, std::size_t addresses)
      : statement_{std::move(by), {}, {}}, addresses_(addresses) {}

  // `make_provider(timeout)` makes the provider of the next address.
  template <class MakeProvider>
  void ask(MakeProvider make_provider) {
    using std::chrono::milliseconds;
    if (rank_ == kAnswered) return;
    const auto left = std::chrono::duration_cast<milliseconds>(
        deadline_ - SystemTimeSource::shared().now_steady());
    auto provider = make_provider(std::max(left, milliseconds(1)) / addresses_--);
    const SyncReading reading = provider.read();
    const absl::Status& status = provider.status();
    const int rank = status.ok()                        ? kAnswered
                     : absl::IsDataLoss(status)         ? 3
                     : absl::IsPermissionDenied(status) ? 2
                                                        : 1;
    if (rank <= rank_) return;
    rank_ = rank;
    statement_.reading = reading;
    statement_.heard = status;
  }

  // Adds the statement, unless the daemon neither runs nor answers.
  void report(bool runs, MachineFacts& facts) && {
    if (runs || rank_ == kAnswered || absl::IsDataLoss(statement_.heard) ||
        absl::IsInvalidArgument(statement_.heard)) {
      facts.statements.push_back(std::move(statement_));
    }
  }

 private:
  static constexpr int kAnswered = 4;
  Statement statement_;
  std::size_t addresses_;
  int rank_ = 0;
  const SteadyTime deadline_ = SystemTimeSource::shared().now_steady() + std::chrono::seconds(1);
};

void ask_daemons(const Places& places, MachineFacts& facts) {
  const SystemTimeSource& source = SystemTimeSource::shared();
  Inquiry chrony("chrony", places.chrony.size());
  for (const std::string& address : places.chrony) {
    chrony.ask([&](auto timeout) {
      return masterclock::ChronySyncProvider(source, {.address = address, .timeout = timeout});
    });
  }
  std::move(chrony).report(facts.running.contains("chronyd"), facts);
  Inquiry linuxptp("linuxptp", places.ptp4l.size() * places.ptp_domains.size());
  for (const std::string& address : places.ptp4l) {
    for (const std::uint8_t domain : places.ptp_domains) {
      linuxptp.ask([&](auto timeout) {
        return masterclock::LinuxPtpSyncProvider(
            source, {.address = address, .domain = domain, .timeout = timeout});
      });
    }
  }
  std::move(linuxptp).report(facts.running.contains("ptp4l"), facts);
}

void read_hardware_times(MachineFacts& facts) {
  for (HardwareClock& clock : facts.hardware_clocks) {
    const auto phc = masterclock::Phc::open(clock.device);
    if (!phc.ok()) continue;
    if (const auto reading = phc->read(); reading.ok()) clock.reading = *reading;
  }
}

// Brings each reading to the present moment.
void hold_over(SteadyTime now, MachineFacts& facts) {
  for (Statement& statement : facts.statements) {
    SyncReading& reading = statement.reading;
    reading.error_bound = masterclock::held_over(reading.error_bound, now - reading.as_of,
                                                 masterclock::drift_ppm(50));
    reading.as_of = now;
  }
}

void read_leap_table(MachineFacts& facts) {
  const auto file = masterclock::LeapSecondsFile::read();
  if (!file.ok()) facts.leap_file_error = std::string(file.status().message());
  const auto list = masterclock::LeapSecondsFile::newest();
  facts.leap_source = list.source();
  facts.leap_expiry = list.expiry();
  facts.tai_minus_utc = std::chrono::duration_cast<std::chrono::seconds>(
      masterclock::to_tai(facts.now, list.table()).time_since_epoch() -
      facts.now.time_since_epoch());
}

void read_zones(MachineFacts& facts) {
  masterclock::ZoneCache zones;
  const masterclock::ZoneDatabase& database = zones.database();
  facts.tzdata_version = database.version_on_disk();
  facts.tzdata_directory = database.directory();
  facts.tzdata_has_zones = database.names().size() > 1;
  std::error_code error;
  const auto built = fs::last_write_time(database.directory() + "/tzdata.zi", error);
  if (!error) {
    facts.tzdata_built = std::chrono::time_point_cast<std::chrono::nanoseconds>(
        std::chrono::file_clock::to_sys(built));
  }
  const auto zone = masterclock::system_zone(zones);
  if (zone.ok()) {
    facts.zone = zone->name();
  } else {
    facts.zone_error = std::string(zone.status().message());
  }
}

}  // namespace

void gather_files(const Places& places, MachineFacts& facts) {
  facts.clocksource =
      first_line(places.root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
  read_processor(places.root, facts);
  read_programs(places.root, facts);
  read_hardware_clocks(places.root, facts);
}

MachineFacts gather(const Places& places) {
  MachineFacts facts;
  SystemTimeSource& source = SystemTimeSource::shared();
  facts.resolution = SystemTimeSource::resolution();
  gather_files(places, facts);
  masterclock::KernelSyncProvider kernel(source);
  facts.statements.push_back({"kernel", kernel.read(), absl::OkStatus()});
  ask_daemons(places, facts);
  read_hardware_times(facts);
  hold_over(source.now_steady(), facts);
  facts.now = source.now_utc();
  read_leap_table(facts);
  read_zones(facts);
  return facts;
}

}  // namespace clock_doctor
