// A datagram to a daemon on this machine, and its answer: over UDP or a UNIX socket.
//
// A daemon answers a UNIX socket at the name that the asker has bound, so one is made beside the
// daemon's own, or in /tmp where that is refused, and removed when the socket closes. After any
// failure the socket is made anew, so a daemon that was restarted is found again.
#ifndef MASTERCLOCK_SYNC_INTERNAL_DAEMON_SOCKET_H_
#define MASTERCLOCK_SYNC_INTERNAL_DAEMON_SOCKET_H_

#include "masterclock/version.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

namespace masterclock::inline v0_2::internal {

// A socket's address, of any family. Threads: a plain value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }

  // "/run/chrony/chronyd.sock", "127.0.0.1:323" or "[::1]:323".
  //
  // Errors: InvalidArgument for anything else: names are not looked up.
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

// Threads: one at a time.
// Errors:  Unavailable, NotFound or PermissionDenied, as the system puts it, after the address;
//          DeadlineExceeded when there is no answer in time; InvalidArgument for the address.
class DaemonSocket {
 public:
  DaemonSocket(std::string address, std::chrono::milliseconds timeout)
      : address_(std::move(address)),
        timeout_(std::clamp(timeout, std::chrono::milliseconds(0), kLongest)) {}
  DaemonSocket(const DaemonSocket&) = delete;
  DaemonSocket& operator=(const DaemonSocket&) = delete;
  ~DaemonSocket() { close(); }

  // Sends `request`, having thrown away what answers came too late for an earlier one.
  [[nodiscard]] absl::Status send(Bytes request) {
    if (absl::Status status = open(); !status.ok()) return status;
    std::array<std::uint8_t, 1> late{};
    for (int i = 0; i < 100 && ::recv(socket_, late.data(), late.size(), MSG_DONTWAIT) >= 0; ++i) {
    }
    if (::send(socket_, request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      return failure("send");
    }
    return absl::OkStatus();
  }

  // The next answer, in `buffer`.
  [[nodiscard]] absl::StatusOr<Bytes> receive(std::span<std::uint8_t> buffer) {
    pollfd wait{socket_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(timeout_.count()));
    if (ready == 0) {
      return absl::DeadlineExceededError(address_ + ": no answer within " +
                                         std::to_string(timeout_.count()) + " ms");
    }
    if (ready < 0) return failure("poll");
    const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return failure("recv");
    return Bytes(buffer).first(static_cast<std::size_t>(size));
  }

 private:
  static constexpr std::chrono::milliseconds kLongest = std::chrono::minutes(1);

  [[nodiscard]] absl::Status open() {
    if (socket_ >= 0) return absl::OkStatus();
    absl::StatusOr<SocketAddress> daemon = SocketAddress::parse(address_);
    if (!daemon.ok()) return daemon.status();
    socket_ = ::socket(daemon->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return failure("socket");
    if (daemon->storage.ss_family == AF_UNIX && !bind_somewhere()) return failure("bind");
    if (::connect(socket_, daemon->get(), daemon->size) != 0) return failure("connect");
    return absl::OkStatus();
  }

  // The name to be answered at. Those that are taken belong to another asker, or to one that was
  // killed: as nobody can be told from the other, the next number is tried.
  [[nodiscard]] bool bind_somewhere() {
    const std::string beside = address_.substr(0, address_.rfind('/'));
    for (const std::string& folder : {beside, std::string("/tmp")}) {
      for (int i = 0; i < 1'000; ++i) {
        bound_ = folder + "/masterclock." + std::to_string(::getpid()) + "." + std::to_string(i);
        const absl::StatusOr<SocketAddress> own = SocketAddress::parse(bound_);
        if (own.ok() && ::bind(socket_, own->get(), own->size) == 0) {
          // The daemon may run as another user, and has to write to it.
          return ::chmod(bound_.c_str(), S_IRUSR | S_IWUSR | S_IWGRP | S_IWOTH) == 0;
        }
        if (!own.ok() || errno != EADDRINUSE) break;
      }
    }
    bound_.clear();
    return false;
  }

  absl::Status failure(std::string_view what) {
    const int error = errno;
    close();
    return absl::ErrnoToStatus(error, address_ + ": " + std::string(what));
  }

  void close() noexcept {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    if (!bound_.empty()) ::unlink(bound_.c_str());
    bound_.clear();
  }

  const std::string address_;
  const std::chrono::milliseconds timeout_;
  int socket_ = -1;
  std::string bound_;  // the name this end has, which is a file
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_DAEMON_SOCKET_H_
