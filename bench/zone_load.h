// Asks each library the same questions about time zones, and compares the answers before it times them.
//
// A library is a struct with its handle of a zone, and a function for each verb that it offers. The types of
// questions and answers are the same for all, so each library converts from and to them:
//
//   OffsetAt, ToLocal      from an instant of chrono to an offset, or to a local reading
//   Resolve, Convert       from a local reading of chrono to an instant, or to the reading in another zone
//   ToFields, FromFields   year to second in place of the local reading: the type of Abseil, cctz and the C library
//   Rfc3339                text with milliseconds and offset
//
// The loads:
//
//   near       one zone, instants within one hour: the log of a station
//   random     30 zones, the years 1970 to 2030: a guide of the world
//   new_york   one zone, 2007 to 2030: what a library with the rule of one year answers too. Each local reading
//              of this load exists once, because some libraries cannot say which pass they mean.
#ifndef MASTERCLOCK_BENCH_ZONE_LOAD_H_
#define MASTERCLOCK_BENCH_ZONE_LOAD_H_

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "masterclock/zones/zone_cache.h"
#include "masterclock/zones/zoned_time.h"

namespace bench {

using namespace std::chrono;
using masterclock::LocalTime;
using masterclock::UtcTime;
using masterclock::Zone;

inline constexpr std::array kNames = {
    "America/New_York",  "America/Chicago",  "America/Denver",      "America/Los_Angeles",
    "America/Sao_Paulo", "America/Halifax",  "America/St_Johns",    "America/Mexico_City",
    "America/Santiago",  "Europe/London",    "Europe/Dublin",       "Europe/Paris",
    "Europe/Berlin",     "Europe/Madrid",    "Europe/Rome",         "Europe/Athens",
    "Europe/Helsinki",   "Europe/Lisbon",    "Europe/Moscow",       "Africa/Cairo",
    "Africa/Casablanca", "Asia/Jerusalem",   "Asia/Kolkata",        "Asia/Shanghai",
    "Asia/Tokyo",        "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
    "Pacific/Apia",      "Pacific/Honolulu",
};
inline constexpr std::size_t kLoad = 4096;

enum class Load { kNear, kRandom, kNewYork };
inline const char* name_of(Load load) {
  return load == Load::kNear ? "near" : load == Load::kRandom ? "random" : "new_york";
}

// A question without a library: positions in kNames, and a time. `Resolve` reads `utc` as a local time.
struct Asked {
  std::size_t zone, other;
  UtcTime utc;
};

inline Zone open_ours(std::size_t zone) {
  return masterclock::ZoneDatabase::system().find(kNames[zone]).value();
}

inline std::vector<Asked> asked(Load load) {
  std::mt19937_64 random(20260329);
  const Zone new_york = open_ours(0);
  std::vector<Asked> questions;
  while (questions.size() < kLoad) {
    const std::uint64_t spread = random();
    if (load == Load::kNear) {
      const auto utc = sys_days(2026y / July / 1) + nanoseconds(spread % 3'600'000'000'000);
      questions.push_back({10, 10, utc});
    } else if (load == Load::kRandom) {
      const std::size_t zone = random() % kNames.size();
      const UtcTime utc(seconds(spread % (std::uint64_t{60} * 31'556'952)));
      questions.push_back({zone, (zone + 7) % kNames.size(), utc});
    } else {
      const UtcTime utc =
          sys_days(2007y / April / 1) + seconds(spread % (std::uint64_t{23} * 31'556'952));
      const auto found = new_york.resolve(LocalTime(utc.time_since_epoch()));
      if (found.kind == masterclock::LocalResolution::kUnique) questions.push_back({0, 0, utc});
    }
  }
  return questions;
}

struct Fields {
  int year, month, day, hour, minute, second;
  friend bool operator==(const Fields&, const Fields&) = default;
};
inline Fields fields_of(LocalTime local) {
  const auto day = floor<days>(local);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(local - day));
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count())};
}
inline LocalTime local_of(const Fields& f) {
  const year_month_day date(year(f.year), month(static_cast<unsigned>(f.month)),
                            day(static_cast<unsigned>(f.day)));
  return local_days(date) + hours(f.hour) + minutes(f.minute) + seconds(f.second);
}

template <class Library>
struct Question {
  typename Library::Handle zone, other;
  UtcTime utc;
  const Fields* fields;  // the fields of local(), outside, so that a cache line holds two questions
  [[nodiscard]] LocalTime local() const { return LocalTime(utc.time_since_epoch()); }
};

template <class Library>
std::vector<Question<Library>> load(Load which) {
  std::array<std::optional<typename Library::Handle>, kNames.size()> zones;
  const auto open = [&](std::size_t zone) {
    if (!zones[zone]) zones[zone] = Library::open(kNames[zone]);
    return *zones[zone];
  };
  static std::map<Load, std::vector<Fields>> fields;
  fields[which].clear();
  fields[which].reserve(kLoad);
  std::vector<Question<Library>> questions;
  for (const Asked& each : asked(which)) {
    questions.push_back(
        {open(each.zone), open(each.other), each.utc,
         &fields[which].emplace_back(fields_of(LocalTime(each.utc.time_since_epoch())))});
  }
  return questions;
}

// This library.
struct Ours {
  using Handle = Zone;
  using Q = Question<Ours>;
  static Handle open(const char* name) {
    return masterclock::ZoneDatabase::system().find(name).value();
  }

  static seconds offset_at(const Q& q) { return q.zone.offset_at(q.utc).offset; }
  static LocalTime to_local(const Q& q) { return q.zone.to_local(q.utc); }
  static UtcTime resolve(const Q& q) { return q.zone.resolve(q.local()).earlier; }
  static LocalTime convert(const Q& q) { return q.other.to_local(resolve(q)); }
  static Fields to_fields(const Q& q) { return fields_of(to_local(q)); }
  static UtcTime from_fields(const Q& q) { return q.zone.resolve(local_of(*q.fields)).earlier; }
  // Into the caller's buffer.
  static std::string_view rfc3339(const Q& q) {
    static char out[masterclock::kRfc3339Size];
    const auto when = floor<milliseconds>(q.utc);
    const auto text =
        masterclock::write_rfc3339(out, masterclock::BasicZonedTime<milliseconds>(when, q.zone));
    benchmark::DoNotOptimize(out);
    return text;
  }
};

// Returns an answer as text with whole seconds, for the comparison.
inline std::string shown(seconds offset) { return std::to_string(offset.count()); }
inline std::string shown(LocalTime local) {
  return shown(floor<seconds>(local.time_since_epoch()));
}
inline std::string shown(UtcTime utc) { return shown(floor<seconds>(utc.time_since_epoch())); }
inline std::string shown(const Fields& fields) { return shown(local_of(fields)); }
inline std::string shown(std::string_view text) { return std::string(text); }

// Returns whether the library's rules are recent enough for the question.
template <class Library>
bool knows(UtcTime utc) {
  if constexpr (requires { Library::kRulesUntil; }) return utc < Library::kRulesUntil;
  return true;
}

template <class Library, auto kAnswer, auto kOurs>
void ask(benchmark::State& state, Load which) {
  const auto questions = load<Library>(which);
  const auto ours = load<Ours>(which);
  for (std::size_t i = 0; i < kLoad; ++i) {
    if (!knows<Library>(ours[i].utc)) continue;
    const std::string theirs = shown(kAnswer(questions[i])), own = shown(kOurs(ours[i]));
    if (theirs == own) continue;
    const std::string what = std::string(ours[i].zone.name()) + " at " + shown(ours[i].utc) + ": " +
                             theirs + ", here " + own;
    return state.SkipWithError(what.c_str());
  }
  // Times a whole load at once, to exclude the bookkeeping of the benchmark.
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(kLoad))) {
    for (const auto& question : questions) benchmark::DoNotOptimize(kAnswer(question));
  }
}

inline constexpr std::array kEveryLoad = {Load::kNear, Load::kRandom, Load::kNewYork};
inline constexpr std::array kRandomLoad = {Load::kRandom};  // the only one with two zones

// Adds a row for each load. Both answers are functions of a question.
template <class Library, auto kAnswer, auto kOurs>
bool add_rows(const std::string& name, std::span<const Load> loads = kEveryLoad) {
  for (const Load which : loads) {
    benchmark::RegisterBenchmark(
        (name + "/" + name_of(which)).c_str(),
        [which](benchmark::State& state) { ask<Library, kAnswer, kOurs>(state, which); });
  }
  return true;
}

// Finds the zones of the load by name, in turn. All of them were found before.
template <class Find>
void find_names(benchmark::State& state, Find find) {
  const std::vector<std::string> names(kNames.begin(), kNames.end());
  for (const std::string& name : names) benchmark::DoNotOptimize(find(name));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(find(names[i]));
    i = i + 1 == names.size() ? 0 : i + 1;
  }
}

}  // namespace bench

#endif  // MASTERCLOCK_BENCH_ZONE_LOAD_H_
