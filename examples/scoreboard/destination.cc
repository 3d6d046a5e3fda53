#include "destination.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "common/descriptor.h"
#include "common/http_message.h"
#include "common/line_file.h"
#include "common/printable.h"
#include "common/web_client.h"

namespace scoreboard {
namespace {

constexpr std::string_view kFile = "file:", kSecret = "whsec_";
constexpr std::chrono::seconds kLongestWish{1'000'000};

class FileDestination : public Destination {
 public:
  explicit FileDestination(std::unique_ptr<common::LineFile> file) : file_(std::move(file)) {}

  Attempt deliver(std::int64_t, const std::string& line, std::int64_t) override {
    const absl::Status written = file_->write(line);
    if (written.ok()) return {};
    return {Verdict::kRetry, {}, std::string(written.message())};
  }

 private:
  const std::unique_ptr<common::LineFile> file_;
};

class WebhookDestination : public Destination {
 public:
  WebhookDestination(std::string url, std::string secret)
      : url_(std::move(url)), secret_(std::move(secret)) {}

  Attempt deliver(std::int64_t event_id, const std::string& line, std::int64_t utc_s) override {
    common::HttpCall call{.url = url_, .method = "POST", .body = line};
    const std::string id = std::to_string(event_id);
    const auto signature = webhook_signature(secret_, id, utc_s, line);
    if (!signature.ok()) return {Verdict::kDead, {}, std::string(signature.status().message())};
    call.headers = {{"Content-Type", "application/json"},
                    {"webhook-id", id},
                    {"webhook-timestamp", std::to_string(utc_s)},
                    {"webhook-signature", *signature}};
    const auto response = common::http_call(call);
    if (!response.ok()) return {Verdict::kRetry, {}, std::string(response.status().message())};
    const Verdict verdict = verdict_of(response->status);
    if (verdict == Verdict::kDelivered) return {};
    const auto wish = response->headers.find("retry-after");
    const auto later =
        wish == response->headers.end() ? std::chrono::seconds() : retry_after(wish->second, utc_s);
    return {verdict, later, "status " + std::to_string(response->status)};
  }

 private:
  const std::string url_, secret_;
};

// Returns the bytes of "whsec_" and base64.
absl::StatusOr<std::string> key_of(std::string_view secret) {
  if (secret.starts_with(kSecret)) secret.remove_prefix(kSecret.size());
  std::string key(secret.size() / 4 * 3 + 3, '\0');
  const int size = secret.empty() || secret.size() % 4 != 0
                       ? -1
                       : ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                           reinterpret_cast<const unsigned char*>(secret.data()),
                                           static_cast<int>(secret.size()));
  // The padding counts as bytes of zero.
  const std::size_t padding = secret.size() - (secret.find_last_not_of('=') + 1);
  if (size < 0 || padding > 2) {
    return absl::InvalidArgumentError("Invalid secret: expected whsec_ and base64");
  }
  key.resize(static_cast<std::size_t>(size) - padding);
  return key;
}

}  // namespace

std::chrono::seconds retry_after(const std::string& header, std::int64_t utc_s) {
  std::int64_t seconds = 0;
  const bool digits =
      !header.empty() && header.find_first_not_of("0123456789") == std::string::npos;
  if (!absl::SimpleAtoi(header, &seconds)) {
    if (digits) return kLongestWish;  // beyond 64 bits
    absl::Time at;
    if (!absl::ParseTime("%a, %d %b %E4Y %H:%M:%S GMT", header, &at, nullptr)) return {};
    seconds = absl::ToUnixSeconds(at) - utc_s;
  }
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), kLongestWish);
}

Verdict verdict_of(int status) {
  if (status >= 200 && status < 300) return Verdict::kDelivered;
  const bool is_final =
      status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
  return is_final ? Verdict::kDead : Verdict::kRetry;
}

absl::StatusOr<std::string> webhook_signature(std::string_view secret, std::string_view id,
                                              std::int64_t timestamp, std::string_view body) {
  const auto key = key_of(secret);
  if (!key.ok()) return key.status();
  const std::string text =
      std::string(id) + "." + std::to_string(timestamp) + "." + std::string(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (::HMAC(::EVP_sha256(), key->data(), static_cast<int>(key->size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) == nullptr) {
    return absl::InternalError("OpenSSL has no HMAC-SHA256");
  }
  std::array<unsigned char, 4 * EVP_MAX_MD_SIZE> base64{};
  const int length = ::EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return "v1," + std::string(reinterpret_cast<const char*>(base64.data()),
                             static_cast<std::size_t>(length));
}

absl::Status check_destination(const std::string& text, const std::string& secret) {
  if (text.starts_with(kFile)) {
    const std::string path = text.substr(kFile.size());
    const common::Descriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666));
    if (file.get() >= 0 || errno == ENXIO)
      return absl::OkStatus();  // ENXIO: a pipe without a reader
    const std::string why = std::strerror(errno);
    return absl::UnavailableError(common::printable(path) + ": " + why);
  }
  if (const auto url = common::parse_url(text); !url.ok() || url->scheme == "ws") {
    return absl::InvalidArgumentError("Invalid destination " + common::in_quotes(text) +
                                      ": expected file:PATH, http:// or https://");
  }
  return key_of(secret).status();
}

absl::StatusOr<std::unique_ptr<Destination>> open_destination(const std::string& text,
                                                              const std::string& secret) {
  if (text.starts_with(kFile)) {
    auto file = common::LineFile::open(std::filesystem::path(text.substr(kFile.size())), {});
    if (!file.ok()) return file.status();
    return std::make_unique<FileDestination>(*std::move(file));
  }
  if (absl::Status possible = check_destination(text, secret); !possible.ok()) return possible;
  return std::make_unique<WebhookDestination>(text, secret);
}

}  // namespace scoreboard
