// Finds the addresses of a host name in a thread, for a loop that must not wait for a name server.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_NAME_LOOKUP_H_
#define MASTERCLOCK_EXAMPLES_COMMON_NAME_LOOKUP_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace common {

// Threads: one owner. The thread of a lookup ends after its answer, also without its owner.
class NameLookup {
 public:
  // Numbers such as "127.0.0.1" and "::1", in the order in which to try them.
  using Answer = absl::StatusOr<std::vector<std::string>>;
  using Find = std::function<Answer(const std::string& host)>;

  // Errors, in the answer: NotFound "HOST: the system's reason"; Unavailable when no thread starts.
  explicit NameLookup(const std::string& host, Find find = find_addresses);

  // Returns the answer, once it has come.
  [[nodiscard]] std::optional<Answer> answer() const;
  // Becomes readable when the answer has come.
  [[nodiscard]] int fd() const noexcept;

  // Asks the system, and waits for it.
  [[nodiscard]] static Answer find_addresses(const std::string& host);
  // Returns whether `host` is a number, which needs no lookup.
  [[nodiscard]] static bool is_address(const std::string& host);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_NAME_LOOKUP_H_
