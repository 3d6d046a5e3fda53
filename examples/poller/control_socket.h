// Takes commands on a Unix socket: one request and one response per line, as on the Redis channel. A line
// above 64 kB is an error.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_CONTROL_SOCKET_H_
#define MASTERCLOCK_EXAMPLES_POLLER_CONTROL_SOCKET_H_

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace poller {

// Returns poller.sock in $XDG_RUNTIME_DIR, or else in a directory in /tmp that only this user may enter.
//
// Errors: FailedPrecondition when another user has that directory.
[[nodiscard]] absl::StatusOr<std::filesystem::path> default_socket_path();

// Threads: one owner.
class ControlSocket {
 public:
  using Reply = std::function<void(const std::string& line)>;
  // `reply` may be called later, and does nothing when the client has left.
  using Handler = std::function<void(const std::string& line, Reply reply)>;

  // Removes the socket of a poller that has died.
  //
  // Errors: AlreadyExists when another poller listens there; Unavailable "PATH: what".
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ControlSocket>> listen(
      const std::filesystem::path& path, Handler handler);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket();  // removes the socket

  void add_waits(std::vector<pollfd>& waits) const;
  void work();

 private:
  struct Client {
    common::Descriptor socket;
    std::string received{}, to_send{};
    bool at_end = false;       // the client sends no more
    bool skips = false;        // the rest of a line that is too long
    std::size_t requests = 0;  // without a response
  };
  ControlSocket(std::filesystem::path path, common::Descriptor socket, Handler handler)
      : path_(std::move(path)), socket_(std::move(socket)), handler_(std::move(handler)) {}
  static bool is_slow(const Client& client);
  bool receive(std::uint64_t id, Client& client);  // false: the client has left
  void take_line(std::uint64_t id, Client& client, const std::string& line);
  static bool send(Client& client);

  const std::filesystem::path path_;
  const common::Descriptor socket_;
  const Handler handler_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t ids_ = 0;
};

// Sends one line to a poller, and returns its response.
//
// Errors: Unavailable "PATH: what", also when no response comes within `patience`.
[[nodiscard]] absl::StatusOr<std::string> ask_poller(const std::filesystem::path& path,
                                                     const std::string& line,
                                                     std::chrono::seconds patience);

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_CONTROL_SOCKET_H_
