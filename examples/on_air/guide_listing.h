// Collects the entries that guide files list, and what is wrong with some of them.
#ifndef MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_LISTING_H_
#define MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_LISTING_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "guide.h"

namespace on_air {

// The entries of one channel, as listed.
struct ChannelListing {
  std::string id, display_name;
  bool declared = false;  // false: only programmes name the channel
  std::vector<Programme> programmes;
};

// The channels of one or several files.
class GuideListing {
 public:
  // Returns the channel of that id, which is new or was there before. The reference is valid until
  // the next call. Cost: constant.
  ChannelListing& channel(std::string_view id);

  [[nodiscard]] const std::vector<ChannelListing>& channels() const noexcept { return channels_; }
  [[nodiscard]] std::vector<ChannelListing>& channels() noexcept { return channels_; }

  // Adds the entries of another file to the channels of the same ids. A display name stays.
  void append(GuideListing other);

  // Makes the timelines. Declared channels come first; without a display name, the id stands in.
  [[nodiscard]] Guide to_guide() &&;

 private:
  std::vector<ChannelListing> channels_;
  PlaceById places_;  // in channels_
};

// Counts the programmes of one file and notes what is wrong with it: "FILE:LINE: reason". A programme
// that makes no sense is left out. A file is refused when more than half of them make no sense.
class EntryReport {
 public:
  // Under `strict` each note is an error. `interrupted`, if any, is asked now and then.
  EntryReport(std::string file, bool strict, std::function<bool()> interrupted = {})
      : file_(std::move(file)), strict_(strict), interrupted_(std::move(interrupted)) {}

  void good_entry() noexcept { ++entries_; }
  void bad_entry(std::size_t line, const std::string& reason);

  // Notes a fault that does not count as a bad programme.
  void note(std::size_t line, const std::string& what);

  // Returns whether to stop reading: nothing that follows can make the file a guide, or `interrupted`
  // has returned true.
  [[nodiscard]] bool failed();

  // Errors: InvalidArgument with the first reason, under `strict` or when more than half of the
  //         entries make no sense; Cancelled after an interruption.
  [[nodiscard]] absl::Status status() const;

  // Returns one line for each note: the first 20, then the number of the others.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  const std::string file_;
  const bool strict_;
  const std::function<bool()> interrupted_;
  bool was_interrupted_ = false;
  std::size_t questions_ = 0;  // calls of failed()
  std::size_t entries_ = 0, bad_ = 0, noted_ = 0;
  std::string first_bad_;
  std::vector<std::string> notes_;
};

}  // namespace on_air

#endif  // MASTERCLOCK_EXAMPLES_ON_AIR_GUIDE_LISTING_H_
