#include "serve_command.h"

#include <sys/eventfd.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "common/descriptor.h"
#include "common/http_message.h"
#include "common/line_file.h"
#include "common/log_line.h"
#include "common/output.h"
#include "common/printable.h"
#include "common/small_file.h"
#include "common/stop_signal.h"
#include "director.h"
#include "group.h"
#include "line_writer.h"
#include "masterclock/events/dispatcher.h"
#include "masterclock/master_clock.h"
#include "obs_link.h"
#include "obs_mixer.h"
#include "service.h"
#include "store.h"
#include "wire.h"

namespace director {
namespace {

constexpr std::chrono::seconds kSettle(3);  // until a server listens without Redis
constexpr std::size_t kLargestBody = std::size_t{1024} * 1024;

absl::StatusOr<std::optional<ShowPlan>> read_rundown(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto text = common::read_small_file(path);
  if (!text.ok()) return text.status();
  auto plan = parse_plan(*text, path);
  if (!plan.ok()) return plan.status();
  return *std::move(plan);
}

absl::StatusOr<std::unique_ptr<Store>> open_store(const std::string& file) {
  if (file.empty()) return std::make_unique<MemoryStore>();
  ::umask(077);
  auto store = SqliteStore::open(file);
  if (!store.ok()) return store.status();
  return *std::move(store);
}

// Configures a show that has no configuration. A stored configuration takes precedence over the file.
absl::Status configure(Director& director, const ServeOptions& options,
                       std::optional<ShowPlan> plan) {
  const std::string file = common::printable(options.rundown);
  const std::string store =
      common::printable(options.redis.empty() ? options.database : "Redis, group " + options.group);
  if (director.show().configured() > 0) {
    common::log_line("director", "The rundown is the one stored in " + store +
                                     (plan ? "; " + file + " is not used" : ""));
    return absl::OkStatus();
  }
  if (!plan) {
    common::log_line("director", "There is no rundown yet: POST /config");
    return absl::OkStatus();
  }
  const Outcome outcome = director.command({.verb = Verb::kConfigure, .plan = *std::move(plan)});
  if (!outcome.status.ok()) {
    return absl::Status(outcome.status.code(), file + ": " + std::string(outcome.status.message()));
  }
  common::log_line("director", "The rundown is " + file);
  return absl::OkStatus();
}

// Returns the first line of a file.
absl::StatusOr<std::optional<std::string>> read_password(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto text = common::read_small_file(path);
  if (!text.ok()) return text.status();
  return text->substr(0, text->find_first_of("\r\n"));
}

// The as-run log. A pipe without a reader, or with a slow one, holds no caller.
class AsRunFile {
 public:
  explicit AsRunFile(std::string path) : path_(std::move(path)) {}
  AsRunFile(const AsRunFile&) = delete;
  AsRunFile& operator=(const AsRunFile&) = delete;
  ~AsRunFile() {
    if (writer_) writer_->stop([this] { ::eventfd_write(interrupt_.get(), 1); });
  }

  absl::Status open() {
    std::error_code ignored;
    is_pipe_ = std::filesystem::is_fifo(path_, ignored);
    if (!is_pipe_) {
      const auto mark = last_mark(path_);
      if (!mark.ok()) return mark.status();
      mark_ = *mark;
      if (absl::Status opened = open_file(); !opened.ok()) return opened;
    }
    writer_.emplace(
        [this](const std::string& line) {
          if (absl::Status opened = open_file(); !opened.ok()) return opened;
          return file_->write(line);
        },
        [](const std::string& line) { common::log_line("as-run", line); });
    return absl::OkStatus();
  }

  void add(const std::string& line) { writer_->add(line); }
  [[nodiscard]] const std::optional<AsRunMark>& mark() const { return mark_; }
  [[nodiscard]] bool is_pipe() const { return is_pipe_; }

 private:
  // Waits for the reader of a pipe.
  absl::Status open_file() {
    if (file_) return absl::OkStatus();
    auto file = common::LineFile::open(
        path_, {.first_bytes = "{", .kind = "as-run log", .interrupt_fd = interrupt_.get()});
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    return absl::OkStatus();
  }

  const std::string path_;
  const common::Descriptor interrupt_{::eventfd(0, EFD_CLOEXEC)};
  bool is_pipe_ = false;
  std::optional<AsRunMark> mark_;
  std::unique_ptr<common::LineFile> file_;
  std::optional<LineWriter> writer_;
};

// The connection to OBS, if there is one. Ends it before its other members.
struct Obs {
  Obs(masterclock::MasterClock& clock, Director& director, const std::string& url,
      std::optional<std::string> password, std::vector<std::string> sources)
      : link(url, director),
        mixer(clock, director, link,
              {.password = std::move(password),
               .sources = std::move(sources),
               .log = [](const std::string& line) { common::log_line("obs", line); }}) {}
  void start() {
    link.start(mixer);
    mixer.start();
  }

  ObsLink link;
  ObsMixer mixer;
};

}  // namespace

absl::Status serve(const ServeOptions& options) {
  auto plan = read_rundown(options.rundown);
  if (!plan.ok()) return plan.status();
  masterclock::MasterClock clock;
  std::unique_ptr<Group> group;
  if (!options.redis.empty()) {
    auto address = common::parse_redis_address(options.redis);
    if (!address.ok()) return address.status();
    group = std::make_unique<Group>(
        clock.source(),
        GroupOptions{.address = *std::move(address),
                     .name = options.group,
                     .takeover = std::chrono::milliseconds(options.takeover_ms),
                     .log = [](const std::string& line) { common::log_line("group", line); }});
  }
  std::unique_ptr<Store> own_store;
  if (!group) {
    auto opened = open_store(options.database);
    if (!opened.ok()) return opened.status();
    own_store = *std::move(opened);
  }
  Store& store = group ? static_cast<Store&>(*group) : *own_store;

  auto password = read_password(options.obs_password_file);
  if (!password.ok()) return password.status();
  if (!options.obs.empty()) {
    const auto url = common::parse_url(options.obs);
    if (!url.ok()) return url.status();
    if (url->scheme != "ws") {
      return absl::InvalidArgumentError("--obs " + common::in_quotes(options.obs) +
                                        ": expected ws://HOST:PORT");
    }
  }

  DirectorOptions director_options = {
      .boot = common::boot_id(),
      .follow_stream = options.follow_stream,
      .preview_before = std::chrono::milliseconds(options.preview_ms),
      .operator_until = options.operator_until,
      .has_mixer = !options.obs.empty(),
      .safe = {.scene = options.safe_scene,
               .after = std::chrono::milliseconds(options.safe_after_ms),
               .back = std::chrono::milliseconds(options.safe_back_ms),
               .stream = options.safe_stream}};
  const common::StopSignal stop;  // before the first thread
  AsRunFile as_run(options.as_run);
  if (!options.as_run.empty()) {
    if (absl::Status opened = as_run.open(); !opened.ok()) return opened;
    director_options.mark = as_run.mark();
    director_options.logs_past = !as_run.is_pipe();
    director_options.as_run = [&](const std::string& line) { as_run.add(line); };
  }
  director_options.log = [](std::string_view line) { common::log_line("director", line); };
  std::atomic<Service*> listening{nullptr};
  director_options.on_state = [&](const json& state) {
    if (group && state.at("leads") == true) group->publish(state);
    if (Service* const service = listening.load()) service->send(state);
  };
  if (group) {
    director_options.has_lease = [&] { return group->has_lease(); };
    director_options.on_mark = [&](const AsRunMark& mark) { group->set_mark(mark); };
  }

  auto director = Director::open(clock, store, std::move(director_options));
  if (!director.ok()) return director.status();
  if (!group) {
    if (absl::Status configured = configure(**director, options, *plan); !configured.ok()) {
      return configured;
    }
  }
  ServiceOptions service_options = {.token = options.token, .group = group.get()};
  service_options.server.address = options.address;
  service_options.server.port = options.port;
  service_options.host_names = options.host_names;
  service_options.server.body_limit = kLargestBody;
  service_options.server.log = [](std::string_view line) { common::log_line("server", line); };
  Service service(clock, **director, store, std::move(service_options));
  if (absl::Status listened = service.listen(); !listened.ok()) return listened;
  listening = &service;
  std::optional<Obs> obs;
  if (options.obs.empty()) {
    common::log_line("director", "No mixer is connected: see --obs");
  } else {
    obs.emplace(clock, **director, options.obs, *std::move(password), options.safe_sources);
    obs->start();
  }
  masterclock::Dispatcher dispatcher(clock.scheduler());
  dispatcher.start();
  if (group) {
    Director& actor = **director;
    group->start(
        {.leads =
             [&](std::optional<AsRunMark> mark) {
               actor.post_own([&, mark] {
                 actor.lead(mark);
                 const absl::Status configured = configure(actor, options, *plan);
                 if (!configured.ok())
                   common::log_line("director", std::string(configured.message()));
               });
             },
         .follows = [&] { actor.post_own([&] { actor.follow_another(); }); },
         .changed = [&] { actor.post_own([&] { actor.reload(); }); },
         .command = [&](json body,
                        GroupHooks::Answer answer) { service.remote(std::move(body), answer); }});
    const auto end = clock.source().now_steady() + kSettle;
    while (!group->settled() && clock.source().now_steady() < end) {
      if (stop.wait_for(std::chrono::milliseconds(10))) break;
    }
  }
  const absl::Status written = common::write_stdout("listening on " + service.address() + "\n");
  while (written.ok() && !stop.wait_for(std::chrono::hours(1))) {
  }
  service.stop();
  if (obs) obs->link.stop();
  dispatcher.stop();
  if (group) group->stop();
  return written;
}

}  // namespace director
