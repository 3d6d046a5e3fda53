// Joins several directors into a group by Redis: one leads, and the others know what the leader knows.
//
//   NAME:leader     the token of the leader, with a lease (SET NX PX); a script renews the lease
//   NAME:records    the commands to the show, which a new leader replays; a script appends as the leader
//   NAME:as_run     the last change that a leader has logged
//   NAME:state      the state, also as a message to this channel after each change
//   NAME:commands   a channel: the body of POST /api/commands, perhaps with "reply", the answer's name
//   NAME:answers    a channel: {"reply", "status", "answer"}
//
// The lease counts from the instant at which its renewal was sent, on this server's clocks. A leader that
// was frozen finds its lease over, and does nothing until it has another.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_GROUP_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_GROUP_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "as_run.h"
#include "common/descriptor.h"
#include "common/http_message.h"
#include "common/redis_connection.h"
#include "masterclock/time/time_source.h"
#include "store.h"

namespace director {

struct GroupOptions {
  common::RedisAddress address = {};
  std::string name = "director";
  // Another server leads within this time after the last sign of a leader. The lease is a tenth shorter.
  std::chrono::milliseconds takeover{3'000};
  std::function<void(const std::string& line)> log = {};
};

// Called on the group's thread.
struct GroupHooks {
  std::function<void(std::optional<AsRunMark> mark)> leads = {};
  std::function<void()> follows = {};
  std::function<void()> changed = {};  // the store, by another server
  // Gets each command of the channel. `answer` may be called on any thread.
  using Answer = std::function<void(const common::HttpResponse&)>;
  std::function<void(nlohmann::json body, Answer answer)> command = {};
};

// The records of the group are its Store.
//
// Threads: any.
class Group final : public Store {
 public:
  // `source` must outlive the group.
  Group(const masterclock::TimeSource& source, GroupOptions options);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() override { stop(); }

  void start(GroupHooks hooks);
  // Gives the lease back, and ends the thread.
  void stop();

  // Returns whether this server has the lease.
  [[nodiscard]] bool has_lease() const;
  // Returns whether this server leads, or knows what the leader knows.
  [[nodiscard]] bool settled() const;

  // Waits for Redis, at most half a second.
  //
  // Errors: Unavailable without a lease, and without an answer. A record without an answer may be stored.
  absl::StatusOr<std::uint64_t> append(const Record& record) override;
  absl::StatusOr<std::vector<Record>> records(std::uint64_t first, std::size_t limit) override;
  absl::StatusOr<std::vector<HistoryRow>> history(std::uint64_t first, std::size_t limit) override;

  // For the leader.
  void publish(const nlohmann::json& state);
  void set_mark(const AsRunMark& mark);

  // Sends a command to the leader, and waits for its answer. Blocks the caller. The leader does not obey
  // after the wait.
  //
  // Errors: Unavailable when no answer comes; then at once, until the leader is heard again.
  absl::StatusOr<common::HttpResponse> ask(nlohmann::json body);

 private:
  using Work = std::function<void(masterclock::SteadyTime now)>;
  void run();
  void post(Work work);
  void wait(masterclock::SteadyTime now);
  void connect(masterclock::SteadyTime now);
  void check(masterclock::SteadyTime now);
  void tick(const masterclock::TimeReading& now);
  void ticked(const masterclock::TimeReading& sent, const common::RedisReply& reply);
  void fetch(std::size_t length, std::function<void()> then);
  void restore(masterclock::SteadyTime now);
  void received(const std::string& channel, const std::string& text);
  [[nodiscard]] std::string key(const char* name) const { return options_.name + ":" + name; }
  void log(const std::string& line) const;

  const masterclock::TimeSource& source_;
  const GroupOptions options_;
  const std::chrono::milliseconds lease_;
  const std::string token_;
  GroupHooks hooks_;
  const common::Descriptor wake_;  // an eventfd

  // Of the group's thread.
  common::RedisConnection requests_, events_;
  int failures_ = 0;
  bool lost_ = false, leading_ = false, ticking_ = false, fetching_ = false;
  std::optional<masterclock::SteadyTime> connect_at_, tick_at_;
  std::string holder_;  // of the lease, at the last tick
  long long lease_left_ = 0;

  mutable std::mutex mutex_;
  std::deque<Work> work_;
  std::vector<Record> records_;
  masterclock::TimeReading lease_end_{};
  bool settled_ = false;
  bool leader_silent_ = false;  // since a command without an answer
  std::map<std::string, std::promise<common::HttpResponse>> asked_;
  std::uint64_t asks_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_GROUP_H_
