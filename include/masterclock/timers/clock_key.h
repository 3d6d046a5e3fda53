// Names a clock by kind and id, and pairs that name with a command.
//
// Play clock 7 and game clock 7 are different clocks.
//
// ## Example
//
//   using namespace std::chrono_literals;
//   const masterclock::ClockKey play{"play", 7}, game{"game", 7};
//   assert(play != game && to_string(play) == "play/7");
//   assert(to_string(masterclock::KeyedCommand{play, masterclock::ClockCommand::set(25s)}) ==
//          "play/7 set 25s");
#ifndef MASTERCLOCK_TIMERS_CLOCK_KEY_H_
#define MASTERCLOCK_TIMERS_CLOCK_KEY_H_

#include "masterclock/version.h"

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "masterclock/internal/hash.h"
#include "masterclock/internal/printable.h"
#include "masterclock/timers/clock_command.h"

namespace masterclock::inline v0_2 {

struct ClockKey {
  std::string kind;
  std::int64_t id = 0;
  friend auto operator<=>(const ClockKey&, const ClockKey&) = default;

  template <class H>
  friend H AbslHashValue(H state, const ClockKey& key) {
    return H::combine(std::move(state), key.kind, key.id);
  }
};

// Returns "play/7".
[[nodiscard]] inline std::string to_string(const ClockKey& key) {
  return key.kind + "/" + std::to_string(key.id);
}

struct KeyedCommand {
  ClockKey key;
  ClockCommand command;
  friend bool operator==(const KeyedCommand&, const KeyedCommand&) = default;
};

[[nodiscard]] inline std::string to_string(const KeyedCommand& keyed) {
  return to_string(keyed.key) + ' ' + to_string(keyed.command);
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIMERS_CLOCK_KEY_H_
