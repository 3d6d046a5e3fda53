// Ends every process group of the poller when the poller dies, even by SIGKILL.
//
// PR_SET_PDEATHSIG reaches the children only, and not what they started. The guard is a small process
// that reads the numbers of the groups from a pipe. At the end of the pipe the poller has died, and the
// guard kills the groups that are left.
//
// A child writes its own number before it becomes its program, so no group is without an entry.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_ORPHAN_GUARD_H_
#define MASTERCLOCK_EXAMPLES_POLLER_ORPHAN_GUARD_H_

#include <sys/types.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace poller {

// Threads: one owner. Make it before the first thread starts.
class OrphanGuard {
 public:
  // Errors: Unavailable when the system refuses.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<OrphanGuard>> start();
  OrphanGuard(const OrphanGuard&) = delete;
  OrphanGuard& operator=(const OrphanGuard&) = delete;
  ~OrphanGuard();

  // Adds a group. Safe after fork(2).
  void add(pid_t group) const noexcept { send(group); }
  // Removes a group, before its leader is reaped.
  void remove(pid_t group) const noexcept { send(-group); }

 private:
  OrphanGuard(common::Descriptor pipe, pid_t pid) : pipe_(std::move(pipe)), pid_(pid) {}
  void send(pid_t number) const noexcept;

  common::Descriptor pipe_;
  const pid_t pid_;
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_ORPHAN_GUARD_H_
