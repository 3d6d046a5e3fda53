// Measures the main job of a station: which programme each channel plays, how far in, and the log of it.
//
// A viewer who joins waits for `get_playout_plan_now`. A station that starts or gets a new guide waits for
// the load. At the top of the hour all channels reach a boundary at once, and the as-run log must show the
// start of each at its time.
#include <benchmark/benchmark.h>
#include <expat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "as_run_log.h"
#include "channel_manager.h"
#include "common/private_directory.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/events/simulate.h"
#include "masterclock/master_clock.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "schedule_service.h"
#include "xmltv.h"

namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

// Not inline: g++ 12 takes `free` in a place where it sees `new` for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace on_air {
namespace {

using masterclock::MasterClock;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A folder that ends with the program.
const fs::path& folder() {
  static const auto made =
      common::PrivateDirectory::make(fs::temp_directory_path(), "on_air_bench").value();
  return made->path();
}

std::string xmltv_time(UtcTime at) {
  std::string text = masterclock::to_rfc3339(at, 0);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T' || c == 'Z'; });
  return text + " +0000";
}

std::string id_of(std::int64_t channel) { return "channel-" + std::to_string(channel) + ".ie"; }

// Programmes of one length, end to end, on each channel.
struct Week {
  std::int64_t channels, each;  // programmes of a channel
  UtcTime begin;
  std::chrono::seconds length;  // of a programme

  static Week of(std::int64_t programmes, std::int64_t channels, UtcTime begin) {
    const std::int64_t each = programmes / channels;
    return {channels, each, begin, std::chrono::seconds(7 * 24h) / each};
  }
  // Of the programme that is on the air at `at`.
  [[nodiscard]] UtcTime start(UtcTime at) const { return begin + (at - begin) / length * length; }
  [[nodiscard]] std::string title(UtcTime start) const {
    return "The Lighthouse Keepers, Part " + std::to_string((start - begin) / length + 1);
  }

  // In the order of the channels, as grabbers write it.
  [[nodiscard]] std::string xmltv() const {
    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv generator-info-name=\"bench\">\n";
    std::vector<std::string> times;
    for (std::int64_t i = 0; i <= each; ++i) times.push_back(xmltv_time(begin + i * length));
    for (std::int64_t c = 0; c < channels; ++c) {
      xml += "  <channel id=\"" + id_of(c) + "\">\n    <display-name>Channel " + std::to_string(c) +
             "</display-name>\n  </channel>\n";
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(each); ++i) {
        xml += "  <programme start=\"" + times[i] + "\" stop=\"" + times[i + 1] + "\" channel=\"" +
               id_of(c) + "\">\n    <title>" +
               title(begin + static_cast<std::int64_t>(i) * length) + "</title>\n  </programme>\n";
      }
    }
    return xml + "</tv>\n";
  }
};

// A service that has loaded the week around the present.
struct Station {
  const MasterClock clock;
  const Week week;
  ScheduleService schedule{clock};
  std::vector<std::string> ids;
  absl::Status status;

  explicit Station(const Week& of) : week(of) {
    const std::string file = (folder() / "week.xml").string();
    std::ofstream(file) << week.xmltv();
    status = schedule.load(file);
    for (std::int64_t c = 0; c < week.channels; ++c) ids.push_back(id_of(c));
  }
};

// The stations of the arguments: programmes and channels.
Station& station(const benchmark::State& state) {
  static std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<Station>> all;
  auto& one = all[{state.range(0), state.range(1)}];
  if (!one) {
    const UtcTime begin = std::chrono::floor<std::chrono::days>(MasterClock().now_utc()) - 72h;
    one = std::make_unique<Station>(Week::of(state.range(0), state.range(1), begin));
  }
  return *one;
}

bool is_right(const PlayoutPlan& plan, const Week& week) {
  const UtcTime start = week.start(plan.at);
  return plan.now && plan.now->start == start && plan.now->join.offset == plan.at - start &&
         plan.now->title == week.title(start) && plan.next &&
         plan.next->start == start + week.length && plan.until == start + week.length;
}

// Asks about random channels. `ask` returns the plan of a channel.
template <class Ask>
void run_plans(benchmark::State& state, Ask ask) {
  Station& of = station(state);
  if (!of.status.ok()) return state.SkipWithError(std::string(of.status.message()).c_str());
  std::minstd_rand random(20260329);
  const auto any = [&]() -> const std::string& { return of.ids[random() % of.ids.size()]; };
  for (int i = 0; i < 1'000; ++i) {
    const auto plan = ask(of, any());
    if (!plan.ok() || !is_right(*plan, of.week)) return state.SkipWithError("a plan is wrong");
  }
  const std::int64_t before = allocations;
  std::int64_t asked = 0;
  for (auto _ : state) {
    const auto plan = ask(of, any());
    benchmark::DoNotOptimize(plan->now->title.data()[0]);  // the text is read, not only its address
    ++asked;
  }
  state.counters["allocations"] =
      static_cast<double>(allocations - before) / static_cast<double>(asked);
}

// A viewer joins a channel now.
void BM_Guide_PlanNow(benchmark::State& state) {
  run_plans(state, [](const Station& of, const std::string& id) {
    return of.schedule.get_playout_plan_now(id);
  });
}

// A planner asks about any instant of the week: no programme is in the cache of the processor.
void BM_Guide_PlanAnyTime(benchmark::State& state) {
  std::minstd_rand random(7);
  run_plans(state, [&](const Station& of, const std::string& id) {
    const auto second = random() % (5 * 24 * 3600);  // before the last programme
    return of.schedule.get_playout_plan_now(id, of.week.begin + std::chrono::seconds(second) + 1ms);
  });
}
#define ON_AIR_SIZES           \
  ->ArgNames({"", ""})         \
      ->Args({1'000, 200})     \
      ->Args({10'000, 200})    \
      ->Args({100'000, 200})   \
      ->Args({1'000'000, 200}) \
      ->Args({100'000, 10})    \
      ->Args({100'000, 1'000}) \
      ->Args({100'000, 10'000})
BENCHMARK(BM_Guide_PlanNow) ON_AIR_SIZES;
BENCHMARK(BM_Guide_PlanAnyTime) ON_AIR_SIZES;
#undef ON_AIR_SIZES

// A station gets a new guide of so many MB.
void BM_Guide_Load(benchmark::State& state) {
  constexpr std::int64_t kChannels = 200, kEachOfOneMegabyte = 31;
  const Week week =
      Week::of(kChannels * kEachOfOneMegabyte * state.range(0), kChannels, UtcTime(1'774'000'000s));
  const std::string file = (folder() / "load.xml").string();
  std::ofstream(file) << week.xmltv();
  const UtcTime at = week.begin + 80h;
  ManualTimeSource source(at);
  const MasterClock clock(source);
  for (auto _ : state) {
    ScheduleService schedule(clock);
    if (!schedule.load(file).ok()) return state.SkipWithError("refused");
    state.PauseTiming();
    const auto plan = schedule.get_playout_plan_now(id_of(kChannels - 1));
    if (!plan.ok() || !is_right(*plan, week)) return state.SkipWithError("a plan is wrong");
    state.ResumeTiming();
  }
  state.counters["bytes"] = static_cast<double>(fs::file_size(file));
  state.counters["programmes"] = static_cast<double>(week.each * kChannels);
}
BENCHMARK(BM_Guide_Load)->Arg(1)->Arg(4)->Arg(40)->Unit(benchmark::kMillisecond);

// The XML parser alone, with the same text in memory: a load with this parser takes longer.
void BM_Expat_Load(benchmark::State& state) {
  constexpr std::int64_t kChannels = 200, kEachOfOneMegabyte = 31;
  const Week week =
      Week::of(kChannels * kEachOfOneMegabyte * state.range(0), kChannels, UtcTime(1'774'000'000s));
  const std::string xml = week.xmltv();
  for (auto _ : state) {
    const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
        XML_ParserCreate("UTF-8"), &XML_ParserFree);
    std::int64_t elements = 0;
    XML_SetUserData(parser.get(), &elements);
    XML_SetStartElementHandler(parser.get(), [](void* count, const char*, const char**) {
      ++*static_cast<std::int64_t*>(count);
    });
    if (XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE) !=
            XML_STATUS_OK ||
        elements <= week.each * kChannels) {
      return state.SkipWithError("refused");
    }
  }
}
BENCHMARK(BM_Expat_Load)->Arg(40)->Unit(benchmark::kMillisecond);

// `on_air run --speed max` over a day of 200 channels with so many programmes each. A test of a schedule
// reads such a log.
void BM_Channels_SimulatedDay(benchmark::State& state) {
  const UtcTime begin(1'774'000'000s);
  const std::chrono::seconds length = std::chrono::seconds(24h) / state.range(0);
  const Week week{200, state.range(0) * 2, begin, length};
  const std::string file = (folder() / "day.xml").string(),
                    log_file = (folder() / "as_run").string();
  std::ofstream(file) << week.xmltv();
  for (auto _ : state) {
    state.PauseTiming();
    ManualTimeSource source(begin + 1s);
    MasterClock clock(source);
    ScheduleService schedule(clock);
    const auto log = AsRunLog::open(log_file, AsRunLog::Mode::kReplace, {}, 6h);
    if (!schedule.load(file).ok() || !log.ok()) return state.SkipWithError("refused");
    state.ResumeTiming();
    ChannelManagerOptions options;
    options.as_run = [&](const AsRunEntry& entry) { return (*log)->write(entry); };
    ChannelManager manager(clock, schedule, std::move(options));
    masterclock::simulate_until(source, clock.scheduler(), begin + 24h);
    if ((*log)->lines() != static_cast<std::size_t>(200 * state.range(0))) {
      return state.SkipWithError("a line is missing");
    }
  }
}
BENCHMARK(BM_Channels_SimulatedDay)->Arg(48)->Arg(288)->Unit(benchmark::kMillisecond);

// Starts at once: a start of real media takes a time that only its tools decide.
class InstantProducer final : public Producer {
 public:
  absl::Status start(const ProducerRequest&) override {
    state_ = ProducerState::kRunning;
    return absl::OkStatus();
  }
  absl::Status stop() override {
    state_ = ProducerState::kIdle;
    return absl::OkStatus();
  }
  ProducerState state() const override { return state_; }

 private:
  std::atomic<ProducerState> state_ = ProducerState::kIdle;
};

// All channels of a station with a viewer each reach a boundary together, on the real clock. The time of
// one iteration is the lateness of the last line of the log.
void BM_Channels_Boundary(benchmark::State& state) {
  const std::int64_t channels = state.range(0);
  const bool producing = state.range(1) != 0;
  std::vector<double> latenesses;
  for (auto _ : state) {
    MasterClock clock;
    // XMLTV has boundary seconds. The joins are done by then.
    const UtcTime boundary =
        std::chrono::ceil<std::chrono::seconds>(clock.now_utc() + 2s + channels * 300us);
    const std::string file = (folder() / "boundary.xml").string();
    std::ofstream(file) << Week{channels, 2, boundary - 1h, 1h}.xmltv();
    ScheduleService schedule(clock);
    const auto log = AsRunLog::open(folder() / "boundary.log", AsRunLog::Mode::kReplace, {}, 6h);
    if (!schedule.load(file).ok() || !log.ok()) return state.SkipWithError("refused");
    std::mutex mutex;
    std::vector<double> late;
    ChannelManagerOptions options;
    if (producing)
      options.producers = [](std::string_view) { return std::make_unique<InstantProducer>(); };
    options.as_run = [&](const AsRunEntry& entry) {
      absl::Status written = (*log)->write(entry);
      const std::lock_guard lock(mutex);
      late.push_back(std::chrono::duration<double>(clock.now_utc() - entry.planned_start).count());
      return written;
    };
    ChannelManager manager(clock, schedule, std::move(options));
    for (std::int64_t c = 0; c < channels; ++c) {
      if (!manager.viewer_join(id_of(c), {id_of(c)}).ok()) return state.SkipWithError("no join");
    }
    if (clock.now_utc() >= boundary) return state.SkipWithError("the joins took too long");
    masterclock::Dispatcher dispatcher(clock.scheduler());
    dispatcher.start();
    const auto complete = [&] {
      const std::lock_guard lock(mutex);
      return late.size() >= static_cast<std::size_t>(channels);
    };
    while (!complete()) {
      std::this_thread::sleep_for(20ms);
      if (clock.now_utc() > boundary + 30s) return state.SkipWithError("a line is missing");
    }
    dispatcher.stop();
    std::sort(late.begin(), late.end());
    state.SetIterationTime(late.back());
    latenesses.insert(latenesses.end(), late.begin(), late.end());
  }
  std::sort(latenesses.begin(), latenesses.end());
  const auto percentile = [&](std::size_t of_100) {
    return latenesses[(latenesses.size() - 1) * of_100 / 100] * 1e9;
  };
  state.counters["p50"] = percentile(50);
  state.counters["p90"] = percentile(90);
  state.counters["p99"] = percentile(99);
  state.counters["max"] = percentile(100);
}
BENCHMARK(BM_Channels_Boundary)
    ->ArgNames({"", "producing"})
    ->Args({1'000, 0})
    ->Args({1'000, 1})
    ->Args({10'000, 0})  // without producers: 10,000 threads would measure the kernel
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace on_air
