// The program output that a director switches.
#ifndef MASTERCLOCK_EXAMPLES_DIRECTOR_MIXER_H_
#define MASTERCLOCK_EXAMPLES_DIRECTOR_MIXER_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command.h"

namespace director {

// Threads: the director's.
class Mixer {
 public:
  virtual ~Mixer() = default;

  // Puts a scene on the air, once. After kSent, the answer calls Director::mixer_answered or
  // Director::mixer_refused; it may do so before `show` returns.
  enum class Shown { kSent, kOnAlready, kNotConnected };
  virtual Shown show(const std::string& scene) = 0;

  // Shows the scene that follows, for the operator.
  virtual void preview(const std::string& scene) = 0;

  // Returns the scenes among `plan` that a connected mixer lacks.
  [[nodiscard]] virtual std::vector<std::string> missing(const ShowPlan& plan) const = 0;

  // Returns the last small image of a scene as a data URI. Empty: none yet. Asks the mixer for another
  // image when the last one is old, so only a viewer costs the mixer anything.
  [[nodiscard]] virtual std::string thumbnail(const std::string& scene) = 0;

  // Returns the part of the mixer in GET /api/state.
  [[nodiscard]] virtual nlohmann::json state() const = 0;
};

}  // namespace director

#endif  // MASTERCLOCK_EXAMPLES_DIRECTOR_MIXER_H_
