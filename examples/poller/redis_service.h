// Connects the poller to Redis: configuration, commands, events, health, and the poller's own state.
//
// When the server is lost, the runs go on from what is known. A new connection subscribes again, and then
// reads again what may have changed. A request that was sent is never sent again: a frozen server that
// continues answers each command once.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_REDIS_SERVICE_H_
#define MASTERCLOCK_EXAMPLES_POLLER_REDIS_SERVICE_H_

#include <poll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "command.h"
#include "common/redis_connection.h"
#include "common/seen_ids.h"
#include "masterclock/timers/backoff.h"
#include "poller.h"

namespace poller {

struct RedisHooks {
  std::function<Poller::Now()> now;
  std::function<void(const std::string& line)> log;
  // Gets the text of config:schedule, at the start and after each change.
  std::function<void(const std::string& text)> schedule;
  std::function<void(const Request&, Commands::Reply)> command;
};

// Threads: one owner.
class RedisService final : public SharedStore {
 public:
  RedisService(const common::RedisAddress& address, Poller& poller, RedisHooks hooks);

  // Sets the values for keys that do not exist: at once, and after each loss of Redis.
  void set_seeds(std::map<std::string, std::string> seeds);

  void get(const std::string& key, Got got) override;
  absl::Status publish(const std::string& channel, const nlohmann::json& message) override;

  // Begins to take commands and events, and takes those that came before the poller was ready.
  void begin();

  void add_waits(std::vector<pollfd>& waits) const;
  [[nodiscard]] std::optional<masterclock::SteadyTime> next_wake() const { return wake_at_; }
  void work(const Poller::Now& now);

  // Returns true once the poller knows what Redis says, or that there is no Redis now.
  [[nodiscard]] bool settled() const noexcept { return synced_ || warned_; }
  [[nodiscard]] bool connected() const noexcept { return synced_ && !warned_; }

  // Returns true while the answer to a request is still to come.
  [[nodiscard]] bool awaits_replies() const {
    return connected() && requests_.silent_since().has_value();
  }

  // Sends the poller's own state, and lets the last messages go out.
  void write_status(const Poller::Now& now);

 private:
  void connect(const Poller::Now& now);
  void check_connections(const Poller::Now& now);
  void lose(const Poller::Now& now, const std::string& why);
  static bool end_if_refused(common::RedisConnection& connection,
                             const absl::StatusOr<common::RedisReply>& reply);
  // Sends a SET. A server that refuses it serves reads still: the operator reads that once.
  void write(const Poller::Now& now, std::vector<std::string> words);
  void write_seeds(const Poller::Now& now);
  void sync(const Poller::Now& now);
  void read_schedule(const Poller::Now& now, std::function<void()> then);
  // Reads config:auth or config:camera. `acts`: a value that differs from the last one is a change.
  void read_section(const Poller::Now& now, const std::string& section, bool acts);
  void receive(const std::string& channel, const std::string& text);
  void on_command(const std::string& text);
  void on_config_changed(const Poller::Now& now, const nlohmann::json& message);
  void act_on_change(const Poller::Now& now, const std::string& section);
  void stop_camera(const Poller::Now& now);
  void write_camera_stopped();
  void read_health(const Poller::Now& now);
  void take_status(const Poller::Now& now, const std::string& service, const std::string& text);
  void flush_outbox(const Poller::Now& now);

  Poller& poller_;
  const RedisHooks hooks_;
  const std::string address_;
  common::RedisConnection requests_, events_;
  std::map<std::string, std::string> seeds_;  // by key
  // Channel and text: messages that came before begin(), and responses while Redis is lost.
  std::deque<std::pair<std::string, std::string>> inbox_, outbox_;
  common::SeenIds seen_;
  std::map<std::string, double>
      last_success_;  // by service: the seconds of Unix time that were read
  int failures_ = 0;  // to connect, in a row
  bool subscribed_ = false, syncing_ = false, synced_ = false, warned_ = false, begun_ = false;
  bool refuses_writes_ = false;
  bool owes_stopped_ = false;                    // status:network_camera is to be written
  std::map<std::string, std::string> sections_;  // by name, as last read
  std::optional<masterclock::SteadyTime> connect_at_, ping_at_, health_at_, status_at_, camera_at_;
  std::optional<masterclock::SteadyTime> wake_at_;
  std::int64_t reported_runs_ = -1;
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_REDIS_SERVICE_H_
