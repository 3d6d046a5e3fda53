// Exchanges datagrams with a daemon on this machine, over UDP or a UNIX socket.
//
// One deadline ends a whole reading, however many datagrams arrive. After a failure the next request makes
// a new socket, and thereby finds a restarted daemon.
#ifndef MASTERCLOCK_SYNC_INTERNAL_DAEMON_SOCKET_H_
#define MASTERCLOCK_SYNC_INTERNAL_DAEMON_SOCKET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/big_endian.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/sync/internal/reply_address.h"
#include "masterclock/time/system_time_source.h"

namespace masterclock::inline v0_2::internal {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }

  // "/run/chrony/chronyd.sock", "127.0.0.1:323" or "[::1]:323".
  //
  // Errors: InvalidArgument for anything else. Host names are not looked up.
  [[nodiscard]] static absl::StatusOr<SocketAddress> parse(std::string_view text) {
    SocketAddress result;
    if (text.starts_with('/')) {
      sockaddr_un local{};
      local.sun_family = AF_UNIX;
      if (text.size() >= sizeof local.sun_path || text.find('\0') != std::string_view::npos) {
        return absl::InvalidArgumentError("not the name of a socket: " + quoted(text));
      }
      std::copy(text.begin(), text.end(), local.sun_path);
      return result.hold(local);
    }
    const absl::Status bad = absl::InvalidArgumentError(
        "expected ADDRESS:PORT, [ADDRESS]:PORT or /PATH, got " + quoted(text));
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad;
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (code != std::errc() || end != digits.data() + digits.size() || port == 0) return bad;
    std::string host(text.substr(0, colon));
    if (host.starts_with('[') && host.ends_with(']')) {
      sockaddr_in6 six{};
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(port);
      host = host.substr(1, host.size() - 2);
      if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return bad;
      return result.hold(six);
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return bad;
    return result.hold(four);
  }

 private:
  template <class Address>
  SocketAddress& hold(const Address& address) noexcept {
    static_assert(sizeof address <= sizeof storage);
    std::memcpy(&storage, &address, sizeof address);
    size = sizeof address;
    return *this;
  }
};

// Says how a daemon reaches the asker over a UNIX socket: see reply_address.h.
enum class ReplyBy { kAbstractName, kFile };

// Threads: one at a time.
// Errors:  Unavailable, NotFound or PermissionDenied as the system reports, with the address;
//          DeadlineExceeded if no answer arrives in time; InvalidArgument for the address.
class DaemonSocket {
 public:
  DaemonSocket(std::string address, std::chrono::milliseconds timeout, ReplyBy reply_by)
      : address_(std::move(address)),
        timeout_(std::clamp(timeout, std::chrono::milliseconds(0), kLongest)),
        reply_by_(reply_by) {}
  DaemonSocket(const DaemonSocket&) = delete;
  DaemonSocket& operator=(const DaemonSocket&) = delete;
  ~DaemonSocket() { close(); }

  // Starts a reading: `ask` fails from `timeout` later on.
  void start_reading() noexcept { deadline_ = SystemTimeSource::shared().now_steady() + timeout_; }

  // Sends `request`, and passes answers to `take` until `take` accepted `answers` of them. NotFound from
  // `take` means an answer to an earlier request, which is skipped.
  //
  // Errors: also those of `take`.
  template <class Take>
  [[nodiscard]] absl::Status ask(Bytes request, int answers, Take take) {
    if (absl::Status status = open(); !status.ok()) return status;
    // A call that does not wait is not interrupted by a signal.
    if (::send(socket_, request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      return failure("send");
    }
    std::array<std::uint8_t, 1500> buffer{};
    while (answers > 0) {
      const absl::StatusOr<Bytes> answer = receive(buffer);
      if (!answer.ok()) return answer.status();
      const absl::Status taken = take(*answer);
      if (!taken.ok() && !absl::IsNotFound(taken)) return taken;
      if (taken.ok()) --answers;
    }
    return absl::OkStatus();
  }

 private:
  static constexpr std::chrono::milliseconds kLongest = std::chrono::minutes(1);

  // Returns the next answer, in `buffer`.
  [[nodiscard]] absl::StatusOr<Bytes> receive(std::span<std::uint8_t> buffer) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          deadline_ - SystemTimeSource::shared().now_steady());
      pollfd wait{socket_, POLLIN, 0};
      const int ready = left.count() > 0 ? ::poll(&wait, 1, static_cast<int>(left.count())) : 0;
      if (ready == 0) {
        return absl::DeadlineExceededError(address_ + ": no answer within " +
                                           std::to_string(timeout_.count()) + " ms");
      }
      if (ready < 0 && errno == EINTR) continue;
      if (ready < 0) return failure("poll");
      const auto size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size >= 0) return Bytes(buffer).first(static_cast<std::size_t>(size));
      if (errno != EAGAIN) return failure("recv");
    }
  }

  [[nodiscard]] absl::Status open() {
    if (socket_ >= 0) return absl::OkStatus();
    absl::StatusOr<SocketAddress> daemon = SocketAddress::parse(address_);
    if (!daemon.ok()) return daemon.status();
    const int family = daemon->storage.ss_family;
    socket_ = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return failure("socket");
    if (family == AF_UNIX && !bind_reply_address()) return failure("bind");
    const bool connected = ::connect(socket_, daemon->get(), daemon->size) == 0;
    return connected ? absl::OkStatus() : failure("connect");
  }

  [[nodiscard]] bool bind_reply_address() {
    if (reply_by_ == ReplyBy::kAbstractName) return bind_abstract_name(socket_);
    const std::string beside = address_.substr(0, address_.rfind('/'));
    return file_.bind_in(beside, socket_) || file_.bind_in("/tmp", socket_);
  }

  absl::Status failure(std::string_view what) {
    const int error = errno;
    close();
    return absl::ErrnoToStatus(error, address_ + ": " + std::string(what));
  }

  void close() noexcept {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    file_.remove();
  }

  const std::string address_;
  const std::chrono::milliseconds timeout_;
  const ReplyBy reply_by_;
  int socket_ = -1;
  ReplyFile file_;
  SteadyTime deadline_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_DAEMON_SOCKET_H_
