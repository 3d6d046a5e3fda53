// Runs hours of simulated station life in seconds. Guides change, the clock is stepped, viewers come and
// go, producers fail or end early, and the disk is full for a while. The producers of one channel are
// child processes that stop, crash, ignore SIGTERM or print without end.
//
// A second log goes to a pipe whose reader is slow. SIGHUP, SIGINT and SIGTERM end a run at random
// moments, and the next run appends to the log. Signals with handlers interrupt the calls of all threads.
//
// A plain model predicts the as-run log. Two equal lives of a station leave equally many bytes,
// descriptors, threads and children behind.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../temporary_directory.h"
#include "as_run_log.h"
#include "channel_manager.h"
#include "common/child_process.h"
#include "common/descriptor.h"
#include "common/stop_signal.h"
#include "masterclock/testing/manual_time_source.h"
#include "masterclock/time/rfc3339.h"
#include "schedule_service.h"

#ifdef __SANITIZE_ADDRESS__
#define MASTERCLOCK_SOAK_WITH_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MASTERCLOCK_SOAK_WITH_ASAN
#endif
#endif
#ifdef MASTERCLOCK_SOAK_WITH_ASAN
#include <sanitizer/allocator_interface.h>
#endif

namespace on_air::real_soak_test {
namespace {

using common::ChildProcess;
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

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
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

// Runs a child for each programme. The child does what a random number says.
class ChildProducer final : public Producer {
 public:
  using Children = std::vector<std::weak_ptr<ChildProcess>>;

  ChildProducer(std::uint32_t seed, Children& children, std::mutex& mutex)
      : random_(seed), children_(children), children_mutex_(mutex) {}
  ~ChildProducer() override { (void)stop(); }

  absl::Status start(const ProducerRequest&) override {
    (void)stop();
    static constexpr const char* kScripts[] = {
        "exec sleep 1000",
        "kill -STOP $$; exec sleep 1000",
        "trap '' TERM HUP INT; while :; do sleep 1000; done",
        "yes on the air | head -c 100000; exec sleep 1000",
        "yes no tape >&2 | head -c 1; exit 3",
        "exit 0",
        "kill -KILL $$",
    };
    const char* const script = kScripts[random_() % std::size(kScripts)];
    auto child = ChildProcess::start({"/bin/sh", "-c", script});
    if (!child.ok()) return child.status();
    std::shared_ptr<ChildProcess> running = *std::move(child);
    {
      const std::lock_guard lock(children_mutex_);
      std::erase_if(children_, [](const auto& one) { return one.expired(); });
      children_.push_back(running);
    }
    const std::lock_guard lock(mutex_);
    child_ = std::move(running);
    return absl::OkStatus();
  }
  absl::Status stop() override {
    std::shared_ptr<ChildProcess> last;
    {
      const std::lock_guard lock(mutex_);
      last = std::move(child_);
      child_.reset();
    }
    if (last) last->stop(2ms);
    return absl::OkStatus();
  }
  ProducerState state() const override {
    const std::lock_guard lock(mutex_);
    if (!child_) return ProducerState::kIdle;
    if (child_->running()) return ProducerState::kRunning;
    return child_->succeeded() ? ProducerState::kFinished : ProducerState::kFailed;
  }

 private:
  std::minstd_rand random_;
  Children& children_;
  std::mutex& children_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<ChildProcess> child_;
};

// Reads a pipe in small pieces, with pauses, until its writer closes it.
class SlowReader {
 public:
  SlowReader(const std::filesystem::path& pipe, std::uint32_t seed)
      : random_(seed), pipe_(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    EXPECT_GE(::fcntl(pipe_.get(), F_SETPIPE_SZ, 4'096), 0);
  }
  SlowReader(const SlowReader&) = delete;
  SlowReader& operator=(const SlowReader&) = delete;
  ~SlowReader() { (void)finish(); }

  // Call it when there is a writer.
  void start() {
    thread_ = std::thread([this] { read_all(); });
  }
  void hold(bool held) { held_.store(held); }

  // Waits for the writer to close the pipe. Returns what was read.
  std::string finish() {
    hold(false);
    if (thread_.joinable()) thread_.join();
    return std::move(text_);
  }

 private:
  void read_all() {
    char piece[512];
    for (;;) {
      if (held_.load() || random_() % 64 == 0) std::this_thread::sleep_for(1ms);
      if (held_.load()) continue;
      pollfd ready{pipe_.get(), POLLIN, 0};
      if (::poll(&ready, 1, -1) <= 0) continue;
      const ssize_t got = ::read(pipe_.get(), piece, 1 + random_() % sizeof piece);
      if (got == 0) return;
      if (got > 0) text_.append(piece, static_cast<std::size_t>(got));
    }
  }

  std::minstd_rand random_;
  const common::Descriptor pipe_;
  std::atomic<bool> held_ = false;
  std::string text_;
  std::thread thread_;
};

// Sends signals with handlers to all threads of this process. Each interrupts what its thread waits for.
class SignalNoise {
 public:
  SignalNoise() {
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};  // without SA_RESTART
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &nothing, &before_[i]);
    }
    thread_ = std::thread([this] { send(); });
  }
  SignalNoise(const SignalNoise&) = delete;
  SignalNoise& operator=(const SignalNoise&) = delete;
  ~SignalNoise() {
    ended_.store(true);
    thread_.join();
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
  }

 private:
  static constexpr std::array<int, 3> kSignals = {SIGCHLD, SIGUSR1, SIGWINCH};

  void send() {
    std::minstd_rand random(1);
    while (!ended_.load()) {
      std::error_code ignored;
      for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
        const int id = std::stoi(thread.path().filename().string());
        ::syscall(SYS_tgkill, ::getpid(), id, kSignals[random() % kSignals.size()]);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 5'000));
    }
  }

  std::array<struct sigaction, kSignals.size()> before_{};
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

std::ptrdiff_t entries_of(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

// What a station that has ended leaves in the process.
struct Left {
  std::size_t bytes;
  std::ptrdiff_t descriptors, threads;
  bool child;
  friend bool operator==(const Left&, const Left&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Left& left) {
    return out << left.bytes << " bytes, " << left.descriptors << " descriptors, " << left.threads
               << " threads, " << (left.child ? "a child" : "no child");
  }
};
Left left() {
#ifdef MASTERCLOCK_SOAK_WITH_ASAN
  const std::size_t bytes = __sanitizer_get_current_allocated_bytes();
#else
  const std::size_t bytes = 0;  // the caches of malloc count as used
#endif
  return {bytes, entries_of("/proc/self/fd"), entries_of("/proc/self/task"),
          ::waitpid(-1, nullptr, WNOHANG) >= 0};
}

class Soak {
 public:
  explicit Soak(std::uint32_t seed)
      : random_(seed), source_(at(0)), clock_(source_), schedule_(clock_) {
    for (const char* channel : {"one", "two", "three"}) append_programmes(channel, 0, 7'200);
    write_guide();
    EXPECT_TRUE(schedule_.load(guide_.string()).ok());
    EXPECT_EQ(::mkfifo((directory_.path() / "pipe").c_str(), 0600), 0);
  }

  void run(int simulated_seconds) {
    begin();
    for (int second = 0; second < simulated_seconds; ++second) {
      pass(1s);
      trigger();
      if (random_() % 4 == 0) viewer();
      if (random_() % 8 == 0) stop_or_continue_a_child();
      if (random_() % 300 == 0) step();
      if (random_() % 200 == 0) new_guide();
      if (random_() % 300 == 0) full_disk();
      if (random_() % 200 == 0) {
        interrupt();
        end();
        begin();
      }
    }
    end();
  }

  void check() const {
    for (const auto& [channel, log] : planned_) {
      const auto found = entries_.find(channel);
      ASSERT_NE(found, entries_.end());
      EXPECT_EQ(text_of(found->second), text_of(log)) << channel;
    }
    EXPECT_EQ(contents_of(directory_.path() / "log"), text_of(lines_));
    EXPECT_GT(lines_.size(), 100u);
    EXPECT_GT(children_signalled_, 20);
    EXPECT_GT(cuts_, 0);
  }

 private:
  // Begins a run, as the program does.
  void begin() {
    if (random_() % 2 == 0) {  // the machine lost power in the middle of a line
      std::ofstream(directory_.path() / "log", std::ios::app) << R"({"start":"2026-03-2)";
    }
    stop_ = std::make_unique<common::StopSignal>();
    reader_ = std::make_unique<SlowReader>(directory_.path() / "pipe", ++seed_);
    log_ = open("log");
    pipe_ = open("pipe");
    ASSERT_TRUE(log_ && pipe_);
    reader_->start();
    piped_.clear();
    cut_.clear();
    for (const auto& [channel, slots] : plan_) {
      model_[channel].seen = source_.now_utc() - nanoseconds(1);
    }
    manager_ = std::make_unique<ChannelManager>(clock_, schedule_, management());
    move_model();
  }

  // Ends a run. The file has whole lines, the pipe those and perhaps a part of the last.
  void end() {
    manager_.reset();
    EXPECT_TRUE(log_->close().ok());
    EXPECT_TRUE(pipe_->close().ok());
    const std::string got = reader_->finish();
    EXPECT_TRUE(got.starts_with(piped_) && cut_.starts_with(got.substr(piped_.size())));
    cuts_ += cut_.empty() ? 0 : 1;
    reader_.reset();
    stop_.reset();
    for (auto& [channel, model] : model_) {
      auto& log = planned_[channel];
      log.insert(log.end(), model.log.begin(), model.log.end());
    }
    model_.clear();
  }

  std::unique_ptr<AsRunLog> open(const char* name) {
    auto log =
        AsRunLog::open(directory_.path() / name, AsRunLog::Mode::kAppend, {}, 6h, stop_->fd());
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }

  ChannelManagerOptions management() {
    ChannelManagerOptions options;
    options.producers = [this](std::string_view channel) -> std::unique_ptr<Producer> {
      const std::uint32_t seed = seed_.fetch_add(1);
      if (channel != "three") return std::make_unique<FickleProducer>(seed);
      return std::make_unique<ChildProducer>(seed, children_, children_mutex_);
    };
    options.filler = [](const PlayoutPlan&, int) {
      ProducerRequest filler;
      filler.slate = "Please wait";
      return filler;
    };
    options.preroll = 2s;
    options.stopped = [this] { return stop_->requested(); };
    options.as_run = [this](const AsRunEntry& entry) { return write(entry); };
    return options;
  }

  // Writes an entry to both logs, and notes what they have.
  absl::Status write(const AsRunEntry& entry) {
    const std::lock_guard lock(mutex_);
    const std::string line = as_run_line(entry, {}, 6h);
    if (cut_.empty()) (pipe_->write(entry).ok() ? piped_ : cut_) += line + "\n";
    const absl::Status written = log_->write(entry);
    if (written.ok()) lines_.push_back(line);
    if (entry.resumed || !entry.filler_reason.empty()) return written;  // not of the plan
    entries_[entry.channel].push_back(entry.aired() ? entry.title
                                                    : "skipped " + std::to_string(entry.skipped));
    return written;
  }

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
    pass(0s);
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

  void stop_or_continue_a_child() {
    std::shared_ptr<ChildProcess> child;
    {
      const std::lock_guard lock(children_mutex_);
      if (!children_.empty()) child = children_[random_() % children_.size()].lock();
    }
    if (!child) return;
    ++children_signalled_;
    if (random_() % 2 == 0) {
      child->pause();
    } else {
      child->resume();
    }
  }

  // Sends a signal that ends the run: nothing is recorded from then on. A write to a pipe that is full
  // ends, though its reader reads nothing.
  void interrupt() {
    constexpr int kSignals[] = {SIGHUP, SIGINT, SIGTERM};
    reader_->hold(random_() % 2 == 0);
    EXPECT_FALSE(stop_->requested());
    ::kill(::getpid(), kSignals[random_() % std::size(kSignals)]);
    EXPECT_TRUE(stop_->requested());
    source_.advance(std::chrono::minutes(2));
    clock_.trigger_scheduled_events();
    AsRunEntry entry;
    entry.channel = "one";
    entry.filler_reason = "the run was interrupted";
    for (int i = 0; i < 30; ++i) (void)write(entry);
  }

  // A limit on the size of files simulates a disk that is full for half a minute.
  void full_disk() {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit full = before;
    full.rlim_cur = std::filesystem::file_size(directory_.path() / "log") + 50;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    pass(30s);
    trigger();
    manager_->wait_for_producers();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  }

  // Passes time, as soon as each channel waits for its next boundary. The thread of a producer may be
  // the one that schedules the event.
  void pass(nanoseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& [channel, slots] : plan_) {
      const auto until = schedule_.get_playout_plan_now(channel).value().until;
      const std::string id = "on_air/boundary/" + channel;
      const auto waits = [&] {
        const auto events = clock_.get_scheduled_events(UtcTime::min(), UtcTime::max());
        const auto event = std::find_if(events.begin(), events.end(),
                                        [&](const auto& one) { return one.id == id; });
        return until ? event != events.end() && event->due == *until : event == events.end();
      };
      while (!waits() && std::chrono::steady_clock::now() < begin + 1min) std::this_thread::yield();
      EXPECT_TRUE(waits()) << channel;
    }
    source_.advance(time);
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
  std::unique_ptr<common::StopSignal> stop_;
  std::unique_ptr<SlowReader> reader_;
  std::mutex mutex_;  // guards the logs and what they have
  std::unique_ptr<AsRunLog> log_, pipe_;
  std::string piped_, cut_;  // the lines that the pipe has, and the one that was interrupted
  std::vector<std::string> lines_;
  std::map<std::string, std::vector<std::string>> entries_, planned_;
  std::map<std::string, ChannelModel> model_;  // of this run
  std::mutex children_mutex_;
  ChildProducer::Children children_;
  int children_signalled_ = 0, cuts_ = 0;
  std::unique_ptr<ChannelManager> manager_;
};

TEST(RealSoak, TheLogEqualsTheModelsAndNothingLeaks) {
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const common::BlockedSignals for_all_threads;
  const auto live = [] {
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(seed);
      const SignalNoise noise;
      Soak soak(seed);
      soak.run(3'600);
      soak.check();
    }
  };
  live();  // fills what the process keeps: time zones, buffers of the C library
  const Left first = left();
  EXPECT_FALSE(first.child);
  live();
  EXPECT_EQ(left(), first);
  ::signal(SIGXFSZ, handler);
}

}  // namespace
}  // namespace on_air::real_soak_test
