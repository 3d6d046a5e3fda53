#include "report.h"

#include <nlohmann/json.hpp>

#include "common/text_cells.h"

#include "masterclock/time/rfc3339.h"

namespace clock_doctor {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kCheckWidth = sizeof("system clock") - 1;

std::string seconds_text(masterclock::UtcTime at) {
  return masterclock::to_rfc3339(std::chrono::floor<std::chrono::seconds>(at));
}

const char* word(Level level) {
  return level == Level::kGood ? "good" : level == Level::kAttention ? "attention" : "bad";
}

}  // namespace

std::string to_screen(const Diagnosis& diagnosis) {
  std::string out = "clock_doctor  " + seconds_text(diagnosis.at) + "  " +
                    to_string(diagnosis.verdict) + " (exit status " +
                    std::to_string(static_cast<int>(diagnosis.verdict)) + ")\n\n";
  for (const Finding& finding : diagnosis.findings) {
    std::string line = finding.level == Level::kGood        ? "     "
                       : finding.level == Level::kAttention ? "  !  "
                                                            : " !!  ";
    line += finding.check + std::string(kCheckWidth - finding.check.size() + 2, ' ');
    const std::size_t indent = line.size();
    out += line + common::cut(finding.says, kColumns - indent) + '\n';
    if (!finding.advice.empty()) {
      out += std::string(indent - 2, ' ') + "> " + common::cut(finding.advice, kColumns - indent) +
             '\n';
    }
  }
  return out;
}

std::string to_json(const Diagnosis& diagnosis) {
  using Json = nlohmann::ordered_json;
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  Json findings = Json::array();
  for (const Finding& finding : diagnosis.findings) {
    findings.push_back({{"check", finding.check},
                        {"level", word(finding.level)},
                        {"says", finding.says},
                        {"advice", finding.advice.empty() ? Json(nullptr) : Json(finding.advice)}});
  }
  Json sources = Json::array();
  for (const Statement& source : diagnosis.sources) {
    const masterclock::SyncReading& reading = source.reading;
    sources.push_back(
        {{"by", source.by},
         {"state", to_string(reading.state)},
         {"error_bound_ns",
          reading.has_bound() ? Json(reading.error_bound.count()) : Json(nullptr)},
         {"tai_offset_s", or_null(reading.tai_offset)},
         {"provenance", reading.provenance},
         {"error", source.heard.ok() ? Json(nullptr) : Json(source.heard.message())}});
  }
  const Json report = {
      {"verdict", to_string(diagnosis.verdict)},
      {"exit_status", static_cast<int>(diagnosis.verdict)},
      {"at", seconds_text(diagnosis.at)},
      {"state", to_string(diagnosis.state)},
      {"error_bound_ns", diagnosis.error_bound ? Json(diagnosis.error_bound->count()) : Json()},
      {"by", diagnosis.by.empty() ? Json(nullptr) : Json(diagnosis.by)},
      {"tai_offset_s", or_null(diagnosis.tai_offset)},
      {"sources", sources},
      {"findings", findings}};
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace clock_doctor
