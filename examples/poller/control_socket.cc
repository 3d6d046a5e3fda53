#include "control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "command.h"
#include "common/json_line.h"
#include "common/printable.h"
#include "masterclock/time/duration_text.h"

namespace poller {
namespace {

using common::Descriptor;

constexpr std::size_t kMostClients = 100;
constexpr std::size_t kLongestLine = 64 * 1024;

absl::Status path_error(const std::filesystem::path& path, const std::string& what) {
  return absl::UnavailableError(common::printable(path.string()) + ": " + what);
}

absl::StatusOr<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof address.sun_path) {
    return path_error(path, "the path of a socket has 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, text.c_str(), text.size());
  return address;
}

absl::StatusOr<Descriptor> connect_to(const std::filesystem::path& path,
                                      std::chrono::seconds patience = {}) {
  const auto address = address_of(path);
  if (!address.ok()) return address.status();
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{patience.count(), 0};  // zero: none
  for (const int option : {SO_SNDTIMEO, SO_RCVTIMEO}) {
    ::setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof limit);
  }
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return path_error(path, std::strerror(errno));
  }
  return socket;
}

}  // namespace

absl::StatusOr<std::filesystem::path> default_socket_path() {
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') {
    return std::filesystem::path(runtime) / "poller.sock";
  }
  const std::filesystem::path folder = "/tmp/poller-" + std::to_string(::geteuid());
  struct stat found {};
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return path_error(folder, std::strerror(errno));
  }
  if (::lstat(folder.c_str(), &found) != 0) return path_error(folder, std::strerror(errno));
  if (!S_ISDIR(found.st_mode) || found.st_uid != ::geteuid() ||
      (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(folder.string() + ": is not a private directory");
  }
  return folder / "poller.sock";
}

absl::StatusOr<std::unique_ptr<ControlSocket>> ControlSocket::listen(
    const std::filesystem::path& path, Handler handler) {
  if (connect_to(path).ok()) {
    return absl::AlreadyExistsError(common::printable(path.string()) +
                                    ": another poller listens there");
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) return path_error(path, "is not a socket");
    ::unlink(path.c_str());
  }
  const auto address = address_of(path);
  if (!address.ok()) return address.status();
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const mode_t before = ::umask(S_IRWXG | S_IRWXO);  // only this user may send commands
  const bool bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0;
  const int error = errno;
  ::umask(before);
  if (!bound) return path_error(path, std::strerror(error));
  if (::listen(socket.get(), SOMAXCONN) != 0) return path_error(path, std::strerror(errno));
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(path, std::move(socket), std::move(handler)));
}

ControlSocket::~ControlSocket() {
  for (auto& [id, client] : clients_) (void)send(client);
  ::unlink(path_.c_str());
}

// Returns whether the client takes no responses. It gets no further ones until it does.
bool ControlSocket::is_slow(const Client& client) { return client.to_send.size() > kLongestLine; }

void ControlSocket::add_waits(std::vector<pollfd>& waits) const {
  if (clients_.size() < kMostClients) waits.push_back({socket_.get(), POLLIN, 0});
  for (const auto& [id, client] : clients_) {
    const short reads = client.at_end || is_slow(client) ? 0 : POLLIN;
    const short writes = client.to_send.empty() ? 0 : POLLOUT;
    if ((reads | writes) == 0) continue;  // poll would return at once, for the end of the client
    waits.push_back({client.socket.get(), static_cast<short>(reads | writes), 0});
  }
}

void ControlSocket::work() {
  while (clients_.size() < kMostClients) {
    Descriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() < 0) break;
    clients_[++ids_].socket = std::move(socket);
  }
  for (auto at = clients_.begin(); at != clients_.end();) {
    Client& client = at->second;
    const bool stays = receive(at->first, client) && send(client) &&
                       !(client.at_end && client.requests == 0 && client.to_send.empty());
    at = stays ? std::next(at) : clients_.erase(at);
  }
}

bool ControlSocket::receive(std::uint64_t id, Client& client) {
  char chunk[4'096];
  while (!client.at_end && !is_slow(client)) {
    const ssize_t got = ::recv(client.socket.get(), chunk, sizeof chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got < 0) return false;
    if (got == 0) {
      client.at_end = true;
      const std::string rest = std::exchange(client.received, {});
      if (!rest.empty()) take_line(id, client, rest);
      break;
    }
    client.received.append(chunk, static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = client.received.find('\n')) != std::string::npos;) {
      const std::string line = client.received.substr(0, end);
      client.received.erase(0, end + 1);
      if (!std::exchange(client.skips, false)) take_line(id, client, line);
    }
    if (client.skips || client.received.size() > kLongestLine) {
      const std::string line = std::exchange(client.received, {});
      if (!std::exchange(client.skips, true)) take_line(id, client, line);
    }
  }
  return true;
}

void ControlSocket::take_line(std::uint64_t id, Client& client, const std::string& line) {
  if (line.size() > kLongestLine) {
    client.to_send += common::json_line(error_response("", "a request has at most 64 kB")) + "\n";
    return;
  }
  ++client.requests;
  handler_(line, [this, id](const std::string& response) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    found->second.to_send += response + "\n";
    --found->second.requests;
    (void)send(found->second);
  });
}

bool ControlSocket::send(Client& client) {
  while (!client.to_send.empty()) {
    const ssize_t sent =
        ::send(client.socket.get(), client.to_send.data(), client.to_send.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    client.to_send.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

absl::StatusOr<std::string> ask_poller(const std::filesystem::path& path, const std::string& line,
                                       std::chrono::seconds patience) {
  const auto fault = [&](const std::string& what) {
    return path_error(
        path, errno == EAGAIN ? "no response within " + masterclock::to_string(patience) : what);
  };
  errno = 0;
  const auto socket = connect_to(path, patience);
  if (!socket.ok()) return errno == EAGAIN ? fault("") : socket.status();
  const std::string request = line + "\n";
  for (std::size_t at = 0; at < request.size();) {
    const ssize_t sent =
        ::send(socket->get(), request.data() + at, request.size() - at, MSG_NOSIGNAL);
    if (sent < 0) return fault(std::strerror(errno));
    at += static_cast<std::size_t>(sent);
  }
  std::string response;
  char chunk[4'096];
  while (response.find('\n') == std::string::npos) {
    errno = 0;
    const ssize_t got = ::recv(socket->get(), chunk, sizeof chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fault("the poller has left without a response");
    response.append(chunk, static_cast<std::size_t>(got));
  }
  return response.substr(0, response.find('\n'));
}

}  // namespace poller
