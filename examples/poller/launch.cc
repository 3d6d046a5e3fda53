#include "launch.h"

#include <string_view>
#include <utility>

namespace poller {
namespace {

std::vector<std::string> compose(const char* profile, std::vector<std::string> rest) {
  std::vector<std::string> arguments = {"docker", "compose", "--profile", profile};
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return arguments;
}

std::string with_name(std::string text, const std::string& name) {
  constexpr std::string_view kPlace = "{service}";
  for (std::size_t at = 0; (at = text.find(kPlace, at)) != std::string::npos; at += name.size()) {
    text.replace(at, kPlace.size(), name);
  }
  return text;
}

}  // namespace

Launch run_launch(const std::string& name, const Service& service,
                  const std::map<std::string, std::string>& env) {
  Launch launch{name, {}, env, service.time_limit};
  launch.env.insert(service.env.begin(), service.env.end());  // `env` has precedence
  if (service.kind == Kind::kProcess) {
    for (const std::string& argument : service.command) {
      launch.arguments.push_back(with_name(argument, name));
    }
    return launch;
  }
  std::vector<std::string> rest = {"run", "--rm"};
  for (const auto& [variable, value] : std::exchange(launch.env, {})) {
    rest.insert(rest.end(), {"-e", variable + "=" + value});
  }
  rest.push_back(name);
  launch.arguments = compose("poll", rest);
  return launch;
}

Launch compose_up(const std::string& name) {
  return {name, compose("camera", {"up", "-d", name}), {}, kDefaultTimeLimit};
}

Launch compose_stop(const std::string& name) {
  return {name, compose("camera", {"stop", name}), {}, kDefaultTimeLimit};
}

}  // namespace poller
