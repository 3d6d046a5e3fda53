#include "config.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <system_error>
#include <utility>

#include "common/data_error.h"
#include "common/json_line.h"
#include "common/parse_json.h"
#include "common/printable.h"
#include "common/small_file.h"
#include "masterclock/time/duration_text.h"
#include "service_name.h"

namespace poller {
namespace {

using common::in_quotes;
using nlohmann::json;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr nanoseconds kShortestInterval = 1ms;
constexpr nanoseconds kLongest = 24h * 36'525;  // a hundred years

absl::Status error(const std::string& what) { return absl::InvalidArgumentError(what); }

// Returns the text of `value` for an error.
std::string shown(const json& value) {
  if (value.is_number()) return common::json_line(value);
  return in_quotes(value.is_string() ? value.get<std::string>() : common::json_line(value));
}

// Reads a number of seconds, or a text such as "1m30s".
absl::StatusOr<nanoseconds> read_duration(const json& value, const std::string& field) {
  const absl::Status fault = error(field + ": expected a number of seconds, not " + shown(value));
  if (value.is_string()) {
    const auto parsed = masterclock::parse_duration(value.get<std::string>());
    if (!parsed.ok()) return error(field + ": " + std::string(parsed.status().message()));
    if (*parsed > kLongest) return fault;
    return *parsed;
  }
  if (!value.is_number()) return fault;
  const double limit = std::chrono::duration<double>(kLongest).count();
  const double seconds = value.get<double>();
  if (!(std::abs(seconds) <= limit)) return fault;
  if (value.is_number_integer()) {
    return nanoseconds(value.get<std::int64_t>() * kNanosecondsPerSecond);
  }
  return nanoseconds(std::llround(seconds * static_cast<double>(kNanosecondsPerSecond)));
}

// `what` names the duration in an error.
absl::StatusOr<nanoseconds> read_interval(const json& value, const std::string& field,
                                          const std::string& what = "the interval") {
  const auto interval = read_duration(value, field);
  if (!interval.ok()) return interval;
  if (*interval <= 0ns) {
    return error(field + ": " + what + " " + shown(value) + " is not positive");
  }
  if (*interval < kShortestInterval) {
    return error(field + ": " + what + " " + shown(value) + " is shorter than 1 ms");
  }
  return interval;
}

// Reads the fields of one object, and refuses those that it does not know.
class Fields {
 public:
  Fields(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object.is_object()) {
      fail("expected an object, not " + shown(object));
    }
  }

  // Calls `read` with the field's value and its path.
  template <class Read>
  void with(const char* name, Read read) {
    known_.emplace_back(name);
    if (!status_.ok() || !object_.contains(name)) return;
    status_.Update(read(object_.at(name), path_ + name));
  }

  absl::Status finish() {
    if (!status_.ok()) return status_;
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      std::string list;
      for (const std::string& one : known_) list += (list.empty() ? "" : ", ") + one;
      return error(path_ + common::printable(name) + ": unknown field; known are " + list);
    }
    return absl::OkStatus();
  }

 private:
  void fail(const std::string& what) {
    const std::string field = path_.substr(0, path_.size() - (path_.ends_with('.') ? 1 : 0));
    status_ = error((field.empty() ? "" : field + ": ") + what);
  }

  const json& object_;
  const std::string path_;
  std::vector<std::string> known_;
  absl::Status status_;
};

template <class Value>
absl::Status assign(absl::StatusOr<Value> read, Value& value) {
  if (!read.ok()) return read.status();
  value = *std::move(read);
  return absl::OkStatus();
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

absl::Status read_command(const json& value, const std::string& field,
                          std::vector<std::string>& command) {
  const auto is_text = [](const json& item) {
    return item.is_string() && !has_nul(item.get<std::string>());
  };
  if (!value.is_array() || value.empty() || !std::all_of(value.begin(), value.end(), is_text) ||
      value.front().get<std::string>().empty()) {
    return error(field + ": expected a list of texts, the program and its arguments, not " +
                 shown(value));
  }
  command = value.get<std::vector<std::string>>();
  return absl::OkStatus();
}

absl::Status read_env(const json& value, const std::string& field,
                      std::map<std::string, std::string>& env) {
  if (!value.is_object()) return error(field + ": expected an object of texts");
  for (const auto& [name, text] : value.items()) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name)) {
      return error(field + ": " + in_quotes(name) + " is not the name of a variable");
    }
    if (text.is_string() && !has_nul(text.get<std::string>())) {
      env[name] = text.get<std::string>();
    } else if (text.is_number() || text.is_boolean()) {
      env[name] = text.dump();
    } else {
      return error(field + "." + common::printable(name) + ": expected a text");
    }
  }
  return absl::OkStatus();
}

template <class Enum>
auto read_choice(Enum& value, std::initializer_list<std::pair<const char*, Enum>> choices) {
  return [&value, choices = std::vector<std::pair<const char*, Enum>>(choices)](
             const json& text, const std::string& field) -> absl::Status {
    std::string list;
    for (const auto& [name, choice] : choices) {
      if (text == name) {
        value = choice;
        return absl::OkStatus();
      }
      list += (list.empty() ? "" : " or ") + std::string(name);
    }
    return error(field + ": expected " + list + ", not " + shown(text));
  };
}

absl::Status read_retry(const json& value, const std::string& path,
                        std::optional<masterclock::Backoff>& retry) {
  masterclock::Backoff backoff;
  Fields fields(value, path + ".");
  for (const auto& [name, span] : {std::pair{"first", &backoff.first}, {"most", &backoff.most}}) {
    fields.with(name, [span = span](const json& number, const std::string& field) {
      return assign(read_interval(number, field, "the delay"), *span);
    });
  }
  fields.with("attempts", [&](const json& number, const std::string& field) -> absl::Status {
    if (!number.is_number_unsigned() || number.get<std::uint64_t>() < 1 ||
        number.get<std::uint64_t>() > 1'000'000) {
      return error(field + ": expected a number from 1 to 1000000");
    }
    backoff.attempts = number.get<int>();
    return absl::OkStatus();
  });
  retry = backoff;
  return fields.finish();
}

absl::Status read_service_fields(const json& value, const std::string& path, Service& service) {
  masterclock::IntervalOptions& options = service.options;
  Fields fields(value, path + ".");
  fields.with("interval", [&](const json& number, const std::string& field) {
    return assign(read_interval(number, field), options.interval);
  });
  fields.with("command", [&](const json& list, const std::string& field) {
    return read_command(list, field, service.command);
  });
  fields.with("kind", read_choice(service.kind,
                                  {{"process", Kind::kProcess}, {"compose", Kind::kCompose}}));
  fields.with("env", [&](const json& object, const std::string& field) {
    return read_env(object, field, service.env);
  });
  fields.with("time_limit", [&](const json& number, const std::string& field) -> absl::Status {
    service.time_limit.reset();
    if (number.is_null()) return absl::OkStatus();
    return assign(read_interval(number, field, "the time limit"), service.time_limit.emplace());
  });
  fields.with("overlap",
              read_choice(options.overlap, {{"buffer_one", masterclock::Overlap::kBufferOne},
                                            {"skip", masterclock::Overlap::kSkip}}));
  fields.with("retry", [&](const json& object, const std::string& field) {
    return read_retry(object, field, options.retry);
  });
  fields.with("jitter", [&](const json& number, const std::string& field) -> absl::Status {
    const absl::Status status = assign(read_duration(number, field), options.jitter);
    if (!status.ok() || options.jitter >= 0ns) return status;
    return error(field + ": the jitter " + shown(number) + " is negative");
  });
  return fields.finish();
}

// Reads one service over `service`, which has the defaults.
absl::Status read_service(const json& value, const std::string& path, Service& service) {
  masterclock::IntervalOptions& options = service.options;
  const bool is_interval = value.is_number() || value.is_string();
  if (absl::Status status = is_interval ? assign(read_interval(value, path), options.interval)
                                        : read_service_fields(value, path, service);
      !status.ok()) {
    return status;
  }
  if (options.interval > 0ns && options.jitter > 0ns && options.jitter >= options.interval) {
    return error(path + ".jitter: the jitter is not less than the interval");
  }
  return absl::OkStatus();
}

// A program with a '/' is relative to the folder of the file.
void resolve_program(Service& service, const std::filesystem::path& folder) {
  std::string& program = service.command.front();
  if (program.find('/') != std::string::npos && !program.starts_with('/')) {
    program = (folder / program).lexically_normal().string();
    if (program.find('/') == std::string::npos) program = "./" + program;
  }
}

absl::Status read_services(const json& services, Config& config, const Service& defaults) {
  if (!services.is_object()) return error("services: expected an object");
  std::map<std::string, std::string> names;  // by source id, which is part of each Redis key
  for (const auto& [name, value] : services.items()) {
    if (absl::Status status = check_service_name(name); !status.ok()) return status;
    const auto [other, is_new] = names.emplace(source_id(name), name);
    if (!is_new) {
      return error("services: " + in_quotes(other->second) + " and " + in_quotes(name) +
                   " have the same source id");
    }
    Service service = defaults;
    if (absl::Status status = read_service(value, "services." + name, service); !status.ok()) {
      return status;
    }
    config.services[name] = service;
  }
  return absl::OkStatus();
}

absl::Status read_seeds(const json& value, Config& config) {
  if (!value.is_object()) return error("redis: expected an object of sections");
  for (const auto& [section, content] : value.items()) {
    if (absl::Status status = check_name("section", section); !status.ok()) return status;
    if (section == "schedule") return error("redis.schedule: belongs to services");
    if (!content.is_object()) return error("redis." + section + ": expected an object");
    config.seeds[section] = content;
  }
  return absl::OkStatus();
}

absl::Status read_document(const json& document, const std::filesystem::path& folder,
                           Config& config) {
  Service defaults;
  defaults.command = {"./{service}"};
  if (!document.is_object()) return error("expected an object");
  if (!document.contains("services")) {
    const bool plain = std::all_of(document.begin(), document.end(), [](const json& value) {
      return value.is_number() || value.is_string();
    });
    if (plain && !document.empty()) {
      resolve_program(defaults, folder);
      config.others = defaults;
      const auto intervals = parse_schedule(document.dump(), config, "the schedule");
      if (!intervals.ok()) return intervals.status();
      config.set_intervals(*intervals);
      return absl::OkStatus();
    }
  }
  Fields fields(document, "");
  bool serves_all = false;
  fields.with("defaults", [&](const json& value, const std::string& field) -> absl::Status {
    serves_all = true;
    if (absl::Status status = read_service(value, field, defaults); !status.ok()) return status;
    if (defaults.options.interval > 0ns) return error(field + ".interval: belongs to a service");
    return absl::OkStatus();
  });
  fields.with("services", [&](const json& value, const std::string&) {
    return read_services(value, config, defaults);
  });
  fields.with("restart_web_gateway", [&](const json& value, const std::string& field) {
    if (!value.is_boolean()) return error(field + ": expected true or false");
    config.restart_web_gateway = value.get<bool>();
    return absl::OkStatus();
  });
  fields.with("redis",
              [&](const json& value, const std::string&) { return read_seeds(value, config); });
  if (absl::Status status = fields.finish(); !status.ok()) return status;
  for (auto& [name, service] : config.services) resolve_program(service, folder);
  resolve_program(defaults, folder);
  if (serves_all || !document.contains("services")) config.others = defaults;
  if (!document.contains("services")) config.set_intervals(default_intervals());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> Config::resolve(std::string_view name) const {
  if (absl::Status status = check_service_name(name); !status.ok()) return status;
  std::string exact(name), prefixed = std::string(kSourcePrefix) + exact;
  if (services.contains(exact)) return exact;
  if (services.contains(prefixed)) return prefixed;
  if (others) {
    const std::string& service = name.starts_with(kSourcePrefix) ? exact : prefixed;
    if (absl::Status status = check_service_name(service); !status.ok()) return status;
    return service;
  }
  return absl::NotFoundError("unknown service " + in_quotes(name));
}

const Service* Config::find(const std::string& service) const {
  const auto found = services.find(service);
  if (found != services.end()) return &found->second;
  return others ? &*others : nullptr;
}

Intervals Config::intervals() const {
  Intervals all;
  for (const auto& [name, service] : services) {
    if (service.options.interval > 0ns) all[name] = service.options.interval;
  }
  return all;
}

void Config::set_intervals(const Intervals& intervals) {
  for (auto& [name, service] : services) {
    if (!intervals.contains(name)) service.options.interval = 0ns;
  }
  for (const auto& [name, interval] : intervals) {
    const auto place = services.try_emplace(name, others.value_or(Service{})).first;
    masterclock::IntervalOptions& options = place->second.options;
    options.interval = interval;
    options.jitter = std::min(options.jitter, interval - 1ns);
  }
}

Intervals default_intervals() {
  return {{"source-tailscale", 30s},
          {"source-pihole", 30s},
          {"source-system", 30s},
          {"source-aranet4", 60s},
          {"source-weather", 300s}};
}

absl::StatusOr<Config> parse_config(std::string_view text, const std::string& file) {
  if (common::nests_too_deep(text)) return common::data_error(file, "nests deeper than 32 levels");
  json document;
  try {
    document = json::parse(text);
  } catch (const json::parse_error& fault) {
    const std::size_t offset = fault.byte > 0 ? fault.byte - 1 : 0;
    return common::data_error(file, common::line_at(text, offset), "not JSON");
  } catch (const json::exception&) {
    return common::data_error(file, "a number is out of range");
  }
  Config config;
  const absl::Status status =
      read_document(document, std::filesystem::path(file).parent_path(), config);
  if (!status.ok()) return common::data_error(file, std::string(status.message()));
  return config;
}

absl::StatusOr<Config> read_config(const std::string& file) {
  std::error_code ignored;
  const auto type = std::filesystem::status(file, ignored).type();
  using enum std::filesystem::file_type;
  if (type != regular && type != not_found && type != none) {  // a pipe would hold the runs
    return common::data_error(file, "cannot be read: it is not a regular file");
  }
  const auto text = common::read_small_file(file);
  if (!text.ok()) return text.status();
  return parse_config(*text, file);
}

absl::StatusOr<Intervals> parse_schedule(std::string_view text, const Config& config,
                                         const std::string& what) {
  const json document = common::parse_json(text);
  if (document.is_discarded()) return error(what + ": not JSON: " + in_quotes(text));
  if (!document.is_object()) return error(what + ": expected an object, not " + in_quotes(text));
  Intervals intervals;
  for (const auto& [name, value] : document.items()) {
    const auto service = config.resolve(name);
    if (!service.ok()) return error(what + ": " + std::string(service.status().message()));
    const auto interval = read_interval(value, what + ": " + name);
    if (!interval.ok()) return interval.status();
    if (!intervals.emplace(*service, *interval).second) {
      return error(what + ": service " + in_quotes(*service) + " has two intervals");
    }
  }
  return intervals;
}

std::string schedule_text(const Intervals& intervals) {
  json document = json::object();
  for (const auto& [name, interval] : intervals) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(interval);
    if (whole == interval) {
      document[source_id(name)] = whole.count();
    } else {
      document[source_id(name)] = std::chrono::duration<double>(interval).count();
    }
  }
  return common::json_line(document);
}

}  // namespace poller
