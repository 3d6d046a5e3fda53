#include "run_command.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "command.h"
#include "common/descriptor.h"
#include "common/json_line.h"
#include "common/printable.h"
#include "common/terminal.h"
#include "config.h"
#include "control_socket.h"
#include "environment.h"
#include "line_queue.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/system_time_source.h"
#include "poller.h"
#include "process_runner.h"
#include "redis_service.h"
#include "service_name.h"
#include "table.h"

namespace poller {
namespace {

using masterclock::SteadyTime;
using masterclock::SystemTimeSource;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds kDrainTime = 30s;
constexpr nanoseconds kWaitForRedis = 2s;
constexpr nanoseconds kWaitForReplies = 1s;  // at the end
constexpr nanoseconds kLongestWait = 1h;
constexpr std::size_t kKeptMessages = 100;

Poller::Now read_clock() { return SystemTimeSource::shared().read(); }

// SIGINT, SIGTERM and SIGHUP as something to wait for. Children do not inherit the blocked signals.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set_, signal);
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
    fd_ = common::Descriptor(::signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::optional<int> take() const {
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  sigset_t set_{}, before_{};
  common::Descriptor fd_;
};

class Station {
 public:
  Station(const RunOptions& options, ProcessRunner& runner)
      : options_(options),
        runner_(runner),
        poller_(runner,
                {.report = [this](const Report& report) { show(report); },
                 .log = [this](const std::string& line) { log(line); }},
                static_cast<std::uint64_t>(::getpid())) {
    screen_ = !options.json && common::terminal_of_stdout().height > 0;
  }
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;
  ~Station() {
    if (screen_ && ready_) out_.add_bytes(std::string(common::kLeaveScreen));
    out_.flush();
    err_.flush();
  }

  absl::Status run() {
    if (absl::Status status = set_up(); !status.ok()) return status;
    for (;;) {
      if (absl::Status status = turn(read_clock()); !status.ok()) return status;
      if (may_leave(read_clock())) break;
      wait();
      while (const auto signal = signals_.take()) handle(*signal);
    }
    if (redis_ && redis_->connected()) redis_->write_status(read_clock());
    if (redis_) redis_->work(read_clock());
    if (!forced_) return absl::OkStatus();
    return absl::DeadlineExceededError("a run had to be ended");
  }

 private:
  // The last run may have ended with a request to Redis, whose answer becomes a response.
  bool may_leave(const Poller::Now& now) {
    if (!poller_.draining() || !poller_.idle()) return false;
    if (!redis_ || !redis_->awaits_replies()) return true;
    if (!leave_at_) leave_at_ = now.steady + kWaitForReplies;
    return *leave_at_ <= now.steady;
  }

  absl::Status set_up() {
    auto config = read();
    if (!config.ok()) return config.status();
    base_ = *std::move(config);
    if (absl::Status status = open_redis(); !status.ok()) return status;
    commands_.emplace(poller_, redis_.get());
    return open_socket();
  }

  // Reads the file and the environment.
  [[nodiscard]] absl::StatusOr<Config> read() const {
    auto config = read_config(options_.config);
    if (!config.ok()) return config;
    if (absl::Status status = apply_schedule_variables(environment_, *config); !status.ok()) {
      return status;
    }
    if (const auto seeds = redis_seeds(environment_, *config); !seeds.ok()) return seeds.status();
    return config;
  }

  absl::Status open_redis() {
    std::string text = options_.redis.value_or("");
    if (const auto found = environment_.find("REDIS_URL");
        !options_.redis && found != environment_.end()) {
      text = found->second;
    }
    if (text.empty() && !options_.redis) return absl::OkStatus();
    const auto address = common::parse_redis_address(text);
    if (!address.ok()) return address.status();
    const auto seeds = redis_seeds(environment_, base_);
    if (!seeds.ok()) return seeds.status();
    redis_ = std::make_unique<RedisService>(
        *address, poller_,
        RedisHooks{.now = read_clock,
                   .log = [this](const std::string& line) { log(line); },
                   .schedule = [this](const std::string& line) { take_schedule(line); },
                   .command =
                       [this](const Request& request, Commands::Reply reply) {
                         commands_->handle(read_clock(), request, std::move(reply));
                       }});
    redis_->set_seeds(*seeds);
    begin_at_ = read_clock().steady + kWaitForRedis;
    return absl::OkStatus();
  }

  absl::Status open_socket() {
    const auto path = options_.socket ? absl::StatusOr<std::filesystem::path>(*options_.socket)
                                      : default_socket_path();
    if (!path.ok()) return path.status();
    auto socket = ControlSocket::listen(
        *path, [this](const std::string& line, const ControlSocket::Reply& reply) {
          Request request;
          const absl::Status status = parse_request(line, request);
          if (!status.ok()) {
            reply(common::json_line(error_response(request.id, std::string(status.message()))));
            return;
          }
          commands_->handle(read_clock(), request, [reply](const nlohmann::ordered_json& response) {
            reply(common::json_line(response));
          });
        });
    if (socket.ok()) {
      socket_ = *std::move(socket);
    } else if (options_.socket) {
      return socket.status();
    } else {  // the runs matter more than a socket that was not asked for
      log(std::string(socket.status().message()) + "; no commands on a socket");
    }
    return absl::OkStatus();
  }

  absl::Status turn(const Poller::Now& now) {
    for (const ProcessRunner::Ended& ended : runner_.work(now.steady)) {
      poller_.ended(now, ended.id, ended.outcome);
    }
    if (redis_) redis_->work(now);
    if (!fault_.ok()) return fault_;
    if (!ready_ && (!redis_ || redis_->settled() || now.steady >= begin_at_)) {
      if (absl::Status status = begin(now); !status.ok()) return status;
    }
    if (socket_ && ready_) socket_->work();
    if (ready_) poller_.turn(now);
    if (drain_until_ && *drain_until_ <= now.steady) end_runs(now);
    if (screen_ && ready_ && draw_at_ <= now.steady) draw(now);
    out_.flush();
    err_.flush();
    return absl::OkStatus();
  }

  absl::Status begin(const Poller::Now& now) {
    if (absl::Status status = apply(now, base_); !status.ok()) return status;
    ready_ = true;
    if (redis_) redis_->begin();
    err_.add("poller: ready");
    err_.flush();
    if (screen_) out_.add_bytes(std::string(common::kEnterScreen));
    draw_at_ = now.steady;
    return absl::OkStatus();
  }

  // Makes `base` the configuration, with the intervals that Redis has.
  absl::Status apply(const Poller::Now& now, const Config& base) {
    Config config = base;
    if (schedule_) {
      const auto intervals = parse_schedule(*schedule_, base, "config:schedule");
      if (!intervals.ok()) return intervals.status();
      config.set_intervals(*intervals);
    }
    return poller_.configure(now, std::move(config));
  }

  void take_schedule(const std::string& text) {
    const std::optional<std::string> before = std::exchange(schedule_, text);
    absl::Status status;
    if (ready_) {
      status = apply(read_clock(), base_);
    } else {
      status = parse_schedule(text, base_, "config:schedule").status();
    }
    if (status.ok()) return;
    schedule_ = before;
    if (ready_) {
      log(std::string(status.message()) + "; the old schedule stays");
    } else {
      fault_ = status;
    }
  }

  void handle(int signal) {
    const Poller::Now now = read_clock();
    if (signal == SIGHUP) {
      auto config = read();
      const absl::Status status = config.ok() ? apply(now, *config) : config.status();
      if (status.ok()) {
        base_ = *std::move(config);
        if (redis_)
          redis_->set_seeds(redis_seeds(environment_, base_).value());  // read() checked them
        log("the configuration is loaded again");
      } else {
        log(std::string(status.message()) + "; the old configuration stays");
      }
    } else if (poller_.draining()) {
      end_runs(now);  // the second signal
    } else {
      poller_.drain();
      drain_until_ = now.steady + kDrainTime;
      if (!poller_.idle()) log("stopping: waits up to 30 s for the runs that are left");
    }
  }

  void end_runs(const Poller::Now& now) {
    drain_until_.reset();
    forced_ = forced_ || !poller_.idle();
    poller_.stop_all(now);
  }

  void wait() {
    std::vector<pollfd> waits = {{signals_.fd(), POLLIN, 0}};
    runner_.add_waits(waits);
    if (redis_) redis_->add_waits(waits);
    if (socket_ && ready_) socket_->add_waits(waits);
    const SteadyTime now = read_clock().steady;
    SteadyTime until = now + kLongestWait;
    for (LineQueue* queue : {&out_, &err_}) {
      if (queue->waits_for_reader()) waits.push_back({queue->fd(), POLLOUT, 0});
      if (queue->pending()) until = std::min(until, now + 1s);
    }
    for (const auto& at :
         {runner_.next_deadline(), ready_ ? poller_.next_wake() : std::optional(begin_at_),
          redis_ ? redis_->next_wake() : std::nullopt, drain_until_, leave_at_}) {
      if (at) until = std::min(until, *at);
    }
    if (screen_ && ready_) until = std::min(until, draw_at_);
    const nanoseconds left = std::max(until - now, nanoseconds(0));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    (void)::ppoll(waits.data(), waits.size(), &timeout, nullptr);
  }

  void show(const Report& report) {
    if (!screen_) out_.add(report.to_json());
    if (report.event == Report::Event::kOverdue) {
      const bool never = report.status == "never";
      log(report.service + ": " + (never ? "has never succeeded" : "is overdue") +
          (never && redis_ && redis_->connected()
               ? ": status:" + source_id(report.service) + " has no last_success"
               : ""));
    }
  }

  // Writes a message of one line or more to stderr, or below the table.
  void log(const std::string& text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string line = common::printable(text.substr(begin, end - begin));
      if (screen_) {
        messages_.push_back(line);
        if (messages_.size() > kKeptMessages) messages_.erase(messages_.begin());
      }
      if (!screen_ || ::isatty(STDERR_FILENO) == 0) err_.add("poller: " + line);
      begin = end + 1;
    }
  }

  void draw(const Poller::Now& now) {
    draw_at_ = now.steady + 1s;
    if (out_.pending()) return;  // the terminal is stopped
    const std::vector<ServiceView> services = poller_.view(now);
    const auto running = std::count_if(services.begin(), services.end(), [](const auto& service) {
      return service.state == "running";
    });
    std::string heading =
        "poller  " + masterclock::to_rfc3339(std::chrono::floor<std::chrono::seconds>(now.utc)) +
        "  " + std::to_string(services.size()) + " services, " + std::to_string(running) +
        " running";
    if (redis_) heading += redis_->connected() ? ", Redis connected" : ", Redis lost";
    out_.add_bytes(common::screen_frame(
        table(services, now, heading, messages_, common::terminal_of_stdout())));
  }

  const RunOptions options_;
  const Environment environment_ = process_environment();
  const Signals signals_;
  ProcessRunner& runner_;
  LineQueue out_{STDOUT_FILENO}, err_{STDERR_FILENO};
  Poller poller_;
  std::unique_ptr<RedisService> redis_;
  std::optional<Commands> commands_;
  std::unique_ptr<ControlSocket> socket_;
  Config base_;                          // of the file and the environment
  std::optional<std::string> schedule_;  // the text of config:schedule
  absl::Status fault_;
  bool ready_ = false, screen_ = false, forced_ = false;
  SteadyTime begin_at_{}, draw_at_{};
  std::optional<SteadyTime> drain_until_, leave_at_;
  std::vector<std::string> messages_;
};

}  // namespace

absl::Status run_poller(const RunOptions& options) {
  ProcessRunner runner;
  return Station(options, runner).run();
}

}  // namespace poller
