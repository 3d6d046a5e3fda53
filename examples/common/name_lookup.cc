#include "common/name_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "common/descriptor.h"
#include "common/printable.h"

namespace common {

struct NameLookup::Shared {
  const Descriptor come{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;
  std::optional<Answer> answer;

  void set(Answer found) {
    {
      const std::lock_guard lock(mutex);
      answer = std::move(found);
    }
    ::eventfd_write(come.get(), 1);
  }
};

NameLookup::NameLookup(const std::string& host, Find find) : shared_(std::make_shared<Shared>()) {
  // A signal is for the thread of the owner.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([shared = shared_, host, find = std::move(find)] {
      shared->set(find(host));
    }).detach();
  } catch (const std::system_error& error) {
    shared_->set(absl::UnavailableError(std::string("Cannot start a thread: ") + error.what()));
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::optional<NameLookup::Answer> NameLookup::answer() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->answer;
}

int NameLookup::fd() const noexcept { return shared_->come.get(); }

NameLookup::Answer NameLookup::find_addresses(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return absl::NotFoundError(printable(host) + ": " + ::gai_strerror(error));
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text);
    }
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return absl::NotFoundError(printable(host) + ": it has no address");
  return addresses;
}

bool NameLookup::is_address(const std::string& host) {
  in6_addr number{};
  return ::inet_pton(AF_INET, host.c_str(), &number) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &number) == 1;
}

}  // namespace common
