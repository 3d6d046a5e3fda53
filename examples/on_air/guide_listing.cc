#include "guide_listing.h"

#include <iterator>
#include <utility>

#include "common/data_error.h"

namespace on_air {

ChannelListing& GuideListing::channel(std::string_view id) {
  auto found = places_.find(id);
  if (found == places_.end()) {
    found = places_.emplace(std::string(id), channels_.size()).first;
    channels_.push_back({std::string(id), {}, false, {}});
  }
  return channels_[found->second];
}

void GuideListing::append(GuideListing other) {
  if (channels_.empty()) {
    *this = std::move(other);
    return;
  }
  for (ChannelListing& more : other.channels_) {
    ChannelListing& known = channel(more.id);
    if (known.display_name.empty()) known.display_name = std::move(more.display_name);
    known.declared = known.declared || more.declared;
    known.programmes.insert(known.programmes.end(),
                            std::make_move_iterator(more.programmes.begin()),
                            std::make_move_iterator(more.programmes.end()));
  }
}

Guide GuideListing::to_guide() && {
  std::vector<ChannelSchedule> schedules;
  schedules.reserve(channels_.size());
  for (const bool declared : {true, false}) {
    for (ChannelListing& channel : channels_) {
      if (channel.declared != declared) continue;
      if (channel.display_name.empty()) channel.display_name = channel.id;
      schedules.emplace_back(std::move(channel.id), std::move(channel.display_name),
                             std::move(channel.programmes));
    }
  }
  return Guide(std::move(schedules));
}

void EntryReport::bad_entry(std::size_t line, const std::string& reason) {
  ++entries_;
  ++bad_;
  if (bad_ == 1) first_bad_ = std::string(common::data_error(file_, line, reason).message());
  note(line, reason + (strict_ ? "" : "; left out"));
}

void EntryReport::note(std::size_t line, const std::string& what) {
  constexpr std::size_t kMost = 20;
  if (++noted_ > kMost) return;
  notes_.emplace_back(common::data_error(file_, line, what).message());
}

bool EntryReport::failed() {
  constexpr std::size_t kEach = 1024;
  if (interrupted_ && ++questions_ % kEach == 0) was_interrupted_ |= interrupted_();
  return was_interrupted_ || (strict_ && noted_ > 0);
}

absl::Status EntryReport::status() const {
  if (was_interrupted_) return absl::CancelledError(common::printable(file_) + ": interrupted");
  if (strict_ && noted_ > 0) return absl::InvalidArgumentError(notes_.front());
  if (bad_ <= entries_ - bad_) return absl::OkStatus();
  return absl::InvalidArgumentError(first_bad_ + "; no sense in " + std::to_string(bad_) + " of " +
                                    std::to_string(entries_) + " entries");
}

std::vector<std::string> EntryReport::warnings() const {
  std::vector<std::string> lines = notes_;
  if (noted_ > notes_.size()) {
    lines.push_back(common::printable(file_) + ": " + std::to_string(noted_ - notes_.size()) +
                    " more of these");
  }
  return lines;
}

}  // namespace on_air
