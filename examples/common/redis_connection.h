// Speaks to a Redis server without waiting for it: requests go out and replies come in as the socket allows.
//
// A server that is silent keeps its connection: a frozen server answers later. The owner decides when to
// give up, by `silent_since`.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_REDIS_CONNECTION_H_
#define MASTERCLOCK_EXAMPLES_COMMON_REDIS_CONNECTION_H_

#include <poll.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/name_lookup.h"
#include "masterclock/time/time_points.h"

struct redisContext;
struct redisReply;

namespace common {

struct RedisAddress {
  std::string socket;  // a Unix socket, or else:
  std::string host;
  int port = 6379;
  std::string user{}, password;
  int database = 0;

  // The address without the password, for messages.
  [[nodiscard]] std::string text() const;
};

// Reads "/run/redis.sock", "unix:///run/redis.sock", "host", "host:6379", "[::1]:6379", or
// "redis://user:password@host:6379/0" with %40 for an '@'. A relative path is a socket when it contains
// '/', ends in ".sock", or names a socket that exists.
//
// Errors: InvalidArgument, without the password.
[[nodiscard]] absl::StatusOr<RedisAddress> parse_redis_address(const std::string& text);

struct RedisReply {
  enum class Kind { kNull, kText, kNumber, kList, kError } kind = Kind::kNull;
  std::string text{};  // of a text and of an error
  long long number = 0;
  std::vector<RedisReply> list{};
};

// Threads: one owner. SIGPIPE is ignored.
class RedisConnection {
 public:
  // Gets the reply, or Unavailable when the connection is lost before it comes.
  using OnReply = std::function<void(const absl::StatusOr<RedisReply>&)>;
  // Gets each message of the subscribed channels.
  using OnMessage = std::function<void(const std::string& channel, const std::string& text)>;

  explicit RedisConnection(RedisAddress address, NameLookup::Find find = NameLookup::find_addresses)
      : address_(std::move(address)), find_(std::move(find)) {}
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  ~RedisConnection() = default;

  // Connects, and authenticates where the address has a password. A failure shows in `connected`. The
  // addresses of a host are tried in turn, one with each call.
  void connect(masterclock::SteadyTime now);
  void disconnect(const std::string& why = "disconnected");
  [[nodiscard]] bool connected() const noexcept { return open_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

  // Sends a request. A connection that is not there replies Unavailable at once.
  void send(masterclock::SteadyTime now, const std::vector<std::string>& request, OnReply on_reply);
  // Turns this connection into one that gets messages only. `on_reply` gets the last confirmation.
  void subscribe(masterclock::SteadyTime now, const std::vector<std::string>& channels,
                 OnMessage on_message, OnReply on_reply);

  // The instant of the oldest request without a reply, or of a lookup of the host without an answer.
  [[nodiscard]] std::optional<masterclock::SteadyTime> silent_since() const;

  void add_waits(std::vector<pollfd>& waits) const;
  void work();

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };
  struct Expected {
    masterclock::SteadyTime sent;
    OnReply on_reply;
  };
  void open(const std::string& host);
  void append(const std::vector<std::string>& request);
  void take_answer();
  void receive(const RedisReply& reply);
  void fail(const std::string& why);

  const RedisAddress address_;
  const NameLookup::Find find_;
  std::unique_ptr<redisContext, FreeContext> context_;  // null until the host has an address
  std::optional<NameLookup> lookup_;  // at most one thread waits for the name server
  std::size_t attempts_ = 0;          // to connect
  std::optional<masterclock::SteadyTime> lookup_since_;
  std::vector<std::vector<std::string>> unsent_;  // requests before the host has an address
  bool open_ = false;                             // between connect() and a failure
  std::deque<Expected> expected_;
  OnMessage on_message_;
  bool writes_ = false;  // bytes wait to be sent
  std::string error_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_REDIS_CONNECTION_H_
