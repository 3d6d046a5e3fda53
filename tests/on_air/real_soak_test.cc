// Runs hours of simulated station life in seconds. Guides change, the clock is stepped, viewers come and
// go, producers fail or end early, and the disk is full for a while. A plain model predicts the as-run
// log.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "../temporary_directory.h"
#include "as_run_log.h"
#include "channel_manager.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "schedule_service.h"

namespace on_air::real_soak_test {
namespace {

using masterclock::MasterClock;
using masterclock::UtcTime;
using masterclock::testing::ManualTimeSource;
using masterclock::tests::contents_of;
using masterclock::tests::TemporaryDirectory;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

struct Slot {
  int begin, end;  // seconds from the epoch of the soak
  std::string title;
};
using Plan = std::map<std::string, std::vector<Slot>>;  // of each channel

const UtcTime kEpoch = masterclock::parse_rfc3339("2026-03-28T20:00:00Z").value();
UtcTime at(int second) { return kEpoch + seconds(second); }

std::string xmltv_time(int second) {
  std::string text = masterclock::to_rfc3339(at(second), 0);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T' || c == 'Z'; });
  return text + " +0000";
}

std::string guide_of(const Plan& plan) {
  std::string xml = "<tv>";
  for (const auto& [channel, slots] : plan) {
    for (const Slot& slot : slots) {
      xml += "<programme channel='" + channel + "' start='" + xmltv_time(slot.begin) + "' stop='" +
             xmltv_time(slot.end) + "'><title>" + slot.title + "</title></programme>";
    }
  }
  return xml + "</tv>";
}

// Predicts the log of one channel by looking at each programme after each trigger.
struct ChannelModel {
  UtcTime seen;
  std::set<UtcTime> aired;
  std::vector<std::string> log;

  void move_to(UtcTime now, const std::vector<Slot>& slots) {
    const UtcTime from = std::min(seen, now - nanoseconds(1));
    seen = now;
    int skipped = 0;
    std::string started;
    for (const Slot& slot : slots) {
      const UtcTime begin = at(slot.begin);
      if (begin <= from || begin > now || aired.contains(begin)) continue;
      if (at(slot.end) <= now) {
        ++skipped;
      } else {
        started = slot.title;
        aired.insert(begin);
      }
    }
    if (skipped > 0) log.push_back("skipped " + std::to_string(skipped));
    if (!started.empty()) log.push_back(started);
  }
};

// Fails to start, fails later, or ends early, as a random number says.
class FickleProducer final : public Producer {
 public:
  explicit FickleProducer(std::uint32_t seed) : random_(seed) {}
  absl::Status start(const ProducerRequest& request) override {
    state_ = ProducerState::kIdle;
    if (!request.slate.empty()) {
      state_ = ProducerState::kRunning;
      return absl::OkStatus();
    }
    switch (random_() % 4) {
      case 0: return absl::UnavailableError("no tape");
      case 1: throw std::runtime_error("no more tape");
      case 2:
        state_ = random_() % 2 == 0 ? ProducerState::kFinished : ProducerState::kFailed;
        return absl::OkStatus();
      default: state_ = ProducerState::kRunning; return absl::OkStatus();
    }
  }
  absl::Status stop() override {
    state_ = ProducerState::kIdle;
    return absl::OkStatus();
  }
  ProducerState state() const override { return state_; }

 private:
  std::minstd_rand random_;
  std::atomic<ProducerState> state_ = ProducerState::kIdle;
};

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                       std::filesystem::directory_iterator());
}

class Soak {
 public:
  explicit Soak(std::uint32_t seed)
      : random_(seed), source_(at(0)), clock_(source_), schedule_(clock_) {
    for (const char* channel : {"one", "two", "three"}) append_programmes(channel, 0, 7'200);
    write_guide();
    EXPECT_TRUE(schedule_.load(guide_.string()).ok());
    for (const auto& [channel, slots] : plan_) model_[channel].seen = at(0) - nanoseconds(1);
    log_ = AsRunLog::open(directory_.path() / "log", AsRunLog::Mode::kAppend, {}, 6h).value();
    ChannelManagerOptions options;
    options.producers = [this](std::string_view) {
      return std::make_unique<FickleProducer>(seed_.fetch_add(1));
    };
    options.filler = [](const PlayoutPlan&, int) {
      ProducerRequest filler;
      filler.slate = "Please wait";
      return filler;
    };
    options.preroll = 2s;
    options.as_run = [this](const AsRunEntry& entry) {
      const std::lock_guard lock(mutex_);
      const absl::Status written = log_->write(entry);
      if (written.ok()) lines_.push_back(as_run_line(entry, {}, 6h));
      if (entry.resumed || !entry.filler_reason.empty()) return written;  // not of the plan
      entries_[entry.channel].push_back(entry.aired() ? entry.title
                                                      : "skipped " + std::to_string(entry.skipped));
      return written;
    };
    manager_ = std::make_unique<ChannelManager>(clock_, schedule_, std::move(options));
    move_model();
  }

  void run(int simulated_seconds) {
    for (int second = 0; second < simulated_seconds; ++second) {
      source_.advance(1s);
      trigger();
      if (random_() % 4 == 0) viewer();
      if (random_() % 300 == 0) step();
      if (random_() % 200 == 0) new_guide();
      if (random_() % 300 == 0) full_disk();
    }
    manager_.reset();
    EXPECT_TRUE(log_->close().ok());
  }

  void check() const {
    for (const auto& [channel, model] : model_) {
      const auto found = entries_.find(channel);
      ASSERT_NE(found, entries_.end());
      EXPECT_EQ(found->second, model.log) << channel;
    }
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    EXPECT_EQ(contents_of(directory_.path() / "log"), text);
    EXPECT_GT(lines_.size(), 100u);
  }

 private:
  void append_programmes(const std::string& channel, int from, int until) {
    std::vector<Slot>& slots = plan_[channel];
    for (int begin = from; begin < until;) {
      const int end = begin + 5 + static_cast<int>(random_() % 60);
      if (random_() % 10 != 0) slots.push_back({begin, end, "P" + std::to_string(++titles_)});
      begin = end;
    }
  }

  void write_guide() { guide_ = directory_.write("guide.xml", guide_of(plan_)); }

  // Replaces the programmes that begin a minute or more from now.
  void new_guide() {
    const int later = static_cast<int>((source_.now_utc() - kEpoch) / 1s) + 60;
    for (auto& [channel, slots] : plan_) {
      std::erase_if(slots, [&](const Slot& slot) { return slot.begin >= later; });
      const int from = slots.empty() ? later : std::max(later, slots.back().end);
      append_programmes(channel, from, std::max(from, later) + 7'200);
    }
    write_guide();
    ASSERT_TRUE(schedule_.load(guide_.string()).ok());
    manager_->guide_changed();
    move_model();
  }

  void step() {
    const seconds size(static_cast<int>(random_() % 600) - 300);
    source_.step_utc(size);
    const UtcTime now = source_.now_utc();
    if (size < 0s) {
      for (auto& [channel, model] : model_) model.seen = std::min(model.seen, now - nanoseconds(1));
    }
    trigger();
  }

  void viewer() {
    const std::string session = std::to_string(random_() % 20);
    if (manager_->viewer_leave(session).ok()) return;
    const char* const channels[] = {"one", "two", "three"};
    EXPECT_TRUE(manager_->viewer_join(session, {channels[random_() % 3]}).ok());
  }

  // A limit on the size of files simulates a disk that is full for half a minute.
  void full_disk() {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit full = before;
    full.rlim_cur = std::filesystem::file_size(directory_.path() / "log") + 50;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    source_.advance(30s);
    trigger();
    manager_->wait_for_producers();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  }

  void trigger() {
    clock_.trigger_scheduled_events();
    move_model();
  }
  void move_model() {
    for (auto& [channel, model] : model_) model.move_to(source_.now_utc(), plan_[channel]);
  }

  std::minstd_rand random_;
  std::atomic<std::uint32_t> seed_{1};
  const TemporaryDirectory directory_;
  std::filesystem::path guide_;
  Plan plan_;
  int titles_ = 0;
  ManualTimeSource source_;
  MasterClock clock_;
  ScheduleService schedule_;
  std::unique_ptr<AsRunLog> log_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::map<std::string, std::vector<std::string>> entries_;
  std::map<std::string, ChannelModel> model_;
  std::unique_ptr<ChannelManager> manager_;
};

TEST(RealSoak, TheLogEqualsTheModelsAndNothingLeaks) {
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const std::ptrdiff_t descriptors = open_descriptors();
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    Soak soak(seed);
    soak.run(3'600);
    soak.check();
  }
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  ::signal(SIGXFSZ, handler);
}

}  // namespace
}  // namespace on_air::real_soak_test
