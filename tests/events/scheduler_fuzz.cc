// Drives the scheduler and its model with the bytes of libFuzzer. event_scheduler_model_test.cc runs the
// same body on random bytes.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "scheduler_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto difference = masterclock::events_test::run_bytes(data, size)) {
    std::fprintf(stderr, "%s\n", difference->c_str());
    std::abort();
  }
  return 0;
}
