#include "guide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace on_air::guide_test {
namespace {

using masterclock::UtcTime;
using namespace std::chrono_literals;

constexpr UtcTime at(int second) { return UtcTime(std::chrono::seconds(second)); }

Programme entry(const char* title, int start, std::optional<int> stop) {
  return {title, at(start), stop ? std::optional(at(*stop)) : std::nullopt, "", {}, {}};
}

ChannelSchedule channel(std::vector<Programme> listing) {
  return ChannelSchedule("one", "One", std::move(listing));
}

// "0-10 A, 10-20 B": what is on, in a line.
std::string timeline(const ChannelSchedule& schedule) {
  const auto text = [](UtcTime t) {
    return t == kOpenEnd ? "" : std::to_string(t.time_since_epoch() / 1s);
  };
  std::string out;
  for (const Airing& airing : schedule.airings()) {
    if (!out.empty()) out += ", ";
    out += text(airing.begin) + "-" + text(airing.end) + " " + schedule.programme(airing).title;
  }
  return out;
}

TEST(ChannelSchedule, MakesATimelineOfAListing) {
  const struct {
    const char* name;
    std::vector<Programme> listing;
    const char* expected;
  } cases[] = {
      {"nothing", {}, ""},
      {"one", {entry("A", 0, 10)}, "0-10 A"},
      {"a gap", {entry("A", 0, 10), entry("B", 20, 30)}, "0-10 A, 20-30 B"},
      {"any order", {entry("B", 10, 20), entry("A", 0, 10)}, "0-10 A, 10-20 B"},
      {"a missing stop", {entry("A", 0, {}), entry("B", 10, 20)}, "0-10 A, 10-20 B"},
      {"a missing last stop", {entry("A", 0, 10), entry("B", 10, {})}, "0-10 A, 10- B"},
      {"a missing stop, out of order", {entry("B", 10, 20), entry("A", 0, {})}, "0-10 A, 10-20 B"},
      {"two missing stops at one start",
       {entry("A", 0, {}), entry("B", 0, {}), entry("C", 10, 20)},
       "0-10 A, 10-20 C"},
      {"a missing stop ends at a programme of no length",
       {entry("A", 0, {}), entry("B", 5, 5), entry("C", 10, 20)},
       "0-5 A, 10-20 C"},
      {"no length", {entry("A", 0, 0), entry("B", 0, 10), entry("C", 5, 5)}, "0-10 B"},
      {"a duplicate",
       {entry("A", 0, 10), entry("A", 0, 10), entry("B", 10, 20)},
       "0-10 A, 10-20 B"},
      {"a repeat is no duplicate", {entry("A", 0, 10), entry("A", 10, 20)}, "0-10 A, 10-20 A"},
      {"an overlap", {entry("A", 0, 12), entry("B", 10, 20)}, "0-10 A, 10-20 B"},
      {"an interruption", {entry("A", 0, 30), entry("B", 10, 20)}, "0-10 A, 10-20 B, 20-30 A"},
      {"two interruptions",
       {entry("A", 0, 30), entry("B", 10, 20), entry("C", 12, 14)},
       "0-10 A, 10-12 B, 12-14 C, 14-20 B, 20-30 A"},
      {"of one start the shorter", {entry("A", 0, 10), entry("B", 0, 5)}, "0-5 B, 5-10 A"},
      {"of one start the one with a stop, where the other has no end",
       {entry("A", 0, {}), entry("B", 0, 5)},
       "0-5 B, 5- A"},
      {"of one start and stop the lesser title", {entry("B", 0, 10), entry("A", 0, 10)}, "0-10 A"},
      {"a duplicate without its stop",
       {entry("A", 0, {}), entry("A", 0, 10), entry("B", 10, 20)},
       "0-10 A, 10-20 B"},
      {"a stop in the midst of a later one",
       {entry("A", 0, 15), entry("B", 10, 20), entry("C", 18, 30)},
       "0-10 A, 10-18 B, 18-30 C"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(timeline(channel(c.listing)), c.expected) << c.name;
    std::vector<Programme> backward(c.listing.rbegin(), c.listing.rend());
    EXPECT_EQ(timeline(channel(backward)), c.expected) << c.name << ", lines the other way round";
  }
}

Programme part(const char* title, int start, std::optional<int> stop, Clump clump) {
  Programme programme = entry(title, start, stop);
  programme.clump = clump;
  return programme;
}

// Case 09 and its siblings: the entries of a clump share its slot, and the order of lines does not
// decide.
TEST(ChannelSchedule, SplitsTheSlotOfAClump) {
  const struct {
    const char* name;
    std::vector<Programme> listing;
    const char* expected;
  } cases[] = {
      {"two (case 09)", {part("W", 0, 10, {1, 2}), part("N", 0, 10, {0, 2})}, "0-5 N, 5-10 W"},
      {"three",
       {part("C", 0, 30, {2, 3}), part("A", 0, 30, {0, 3}), part("B", 0, 30, {1, 3})},
       "0-10 A, 10-20 B, 20-30 C"},
      {"one is missing", {part("A", 0, 30, {0, 3}), part("C", 0, 30, {2, 3})}, "0-15 A, 15-30 C"},
      {"alone", {part("B", 0, 30, {1, 2})}, "0-30 B"},
      {"0/1 is no clump", {part("A", 0, 30, {0, 1})}, "0-30 A"},
      {"twice in the file",
       {part("A", 0, 10, {0, 2}), part("B", 0, 10, {1, 2}), part("A", 0, 10, {0, 2}),
        part("B", 0, 10, {1, 2})},
       "0-5 A, 5-10 B"},
      {"the same title twice",
       {part("A", 0, 10, {0, 2}), part("A", 0, 10, {1, 2})},
       "0-5 A, 5-10 A"},
      {"without stops",
       {part("B", 0, {}, {1, 2}), part("A", 0, {}, {0, 2}), entry("C", 10, 20)},
       "0-5 A, 5-10 B, 10-20 C"},
      {"one without its stop",
       {part("B", 0, {}, {1, 2}), part("A", 0, 6, {0, 2}), entry("C", 10, 20)},
       "0-3 A, 3-6 B, 10-20 C"},
      {"without an end", {part("B", 0, {}, {1, 2}), part("A", 0, {}, {0, 2})}, "0- A"},
      {"two clumps",
       {part("A", 0, 10, {0, 2}), part("D", 10, 20, {1, 2}), part("B", 0, 10, {1, 2}),
        part("C", 10, 20, {0, 2})},
       "0-5 A, 5-10 B, 10-15 C, 15-20 D"},
      {"an interruption",
       {part("A", 0, 20, {0, 2}), part("B", 0, 20, {1, 2}), entry("X", 8, 12)},
       "0-8 A, 8-10 X, 10-20 B"},
      {"one index twice", {part("B", 0, 10, {0, 2}), part("A", 0, 10, {0, 2})}, "0-5 A, 5-10 B"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(timeline(channel(c.listing)), c.expected) << c.name;
    std::vector<Programme> backward(c.listing.rbegin(), c.listing.rend());
    EXPECT_EQ(timeline(channel(backward)), c.expected) << c.name << ", lines the other way round";
  }
}

// A slot that does not divide evenly has neither a gap nor an overlap.
TEST(ChannelSchedule, SplitsAnySlotWhole) {
  std::vector<Programme> listing;
  for (int i = 0; i < 7; ++i) {
    listing.push_back(part(std::string(1, static_cast<char>('a' + i)).c_str(), 0, 10, {i, 7}));
  }
  const ChannelSchedule schedule = channel(std::move(listing));
  ASSERT_EQ(schedule.airings().size(), 7u);
  EXPECT_EQ(schedule.airings().front().begin, at(0));
  EXPECT_EQ(schedule.airings().back().end, at(10));
  for (std::size_t i = 1; i < 7; ++i) {
    EXPECT_EQ(schedule.airings()[i].begin, schedule.airings()[i - 1].end);
    EXPECT_NEAR(static_cast<double>((schedule.airings()[i].begin - at(0)).count()),
                static_cast<double>(i) * 1e10 / 7, 1.0);
  }
}

TEST(ChannelSchedule, BoundariesAreHalfOpen) {
  const ChannelSchedule schedule =
      channel({entry("A", 0, 10), entry("B", 10, 20), entry("C", 30, {})});
  const auto title = [&](const Airing* airing) -> std::string {
    return airing == nullptr ? "-" : schedule.programme(*airing).title;
  };
  const struct {
    UtcTime when;
    const char* on;
    const char* next;
    std::optional<UtcTime> boundary;
  } cases[] = {
      {at(0) - 1ns, "-", "A", at(0)},          {at(0), "A", "B", at(10)},
      {at(10) - 1ns, "A", "B", at(10)},        {at(10), "B", "C", at(20)},
      {at(20) - 1ns, "B", "C", at(20)},        {at(20), "-", "C", at(30)},
      {at(30) - 1ns, "-", "C", at(30)},        {at(30), "C", "-", std::nullopt},
      {at(1'000'000), "C", "-", std::nullopt}, {UtcTime::min(), "-", "A", at(0)},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(title(schedule.at(c.when).on), c.on) << c.when.time_since_epoch().count();
    EXPECT_EQ(title(schedule.at(c.when).next), c.next) << c.when.time_since_epoch().count();
    EXPECT_EQ(schedule.at(c.when).until, c.boundary) << c.when.time_since_epoch().count();
  }
}

TEST(ChannelSchedule, ListsTheAiringsOfARange) {
  const ChannelSchedule schedule =
      channel({entry("A", 0, 10), entry("B", 10, 20), entry("C", 30, {})});
  const struct {
    int from, until;
    std::size_t first, count;
  } cases[] = {
      {-5, 0, 0, 0},  {-5, 1, 0, 1}, {0, 10, 0, 1},  {0, 11, 0, 2},  {9, 31, 0, 3}, {10, 20, 1, 1},
      {20, 30, 2, 0}, {5, 5, 0, 0},  {25, 20, 0, 0}, {90, 99, 2, 1}, {0, 99, 0, 3},
  };
  for (const auto& c : cases) {
    const auto range = schedule.airings_between(at(c.from), at(c.until));
    ASSERT_EQ(range.size(), c.count) << c.from << " to " << c.until;
    for (std::size_t i = 0; i < c.count; ++i) {
      EXPECT_EQ(range[i], schedule.airings()[c.first + i]) << c.from << " to " << c.until;
    }
  }
}

// The definition, instant by instant, with nothing clever in it.
class DirectDefinition {
 public:
  explicit DirectDefinition(std::vector<Programme> listing) : listing_(std::move(listing)) {}

  // The place in the listing of what is on the air at `t`.
  [[nodiscard]] std::optional<std::size_t> on(UtcTime t) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < listing_.size(); ++i) {
      if (t < listing_[i].start || t >= stop_of(i)) continue;
      if (!best || takes_precedence(i, *best)) best = i;
    }
    return best;
  }
  [[nodiscard]] UtcTime stop_of(std::size_t i) const {
    if (listing_[i].stop) return *listing_[i].stop;
    UtcTime stop = kOpenEnd;
    for (const Programme& other : listing_) {
      if (other.start > listing_[i].start) stop = std::min(stop, other.start);
    }
    return stop;
  }

 private:
  [[nodiscard]] bool takes_precedence(std::size_t a, std::size_t b) const {
    if (listing_[a].start != listing_[b].start) return listing_[a].start > listing_[b].start;
    if (stop_of(a) != stop_of(b)) return stop_of(a) < stop_of(b);
    return listing_[a].title < listing_[b].title;
  }

  std::vector<Programme> listing_;
};

TEST(ChannelSchedule, AgreesWithTheDefinitionAtEveryInstantOfRandomListings) {
  constexpr int kEnd = 40;
  std::mt19937 random(20260329);
  const auto up_to = [&](int n) {
    return static_cast<int>(random() % static_cast<unsigned>(n + 1));
  };
  int interruptions = 0;
  for (int round = 0; round < 1500; ++round) {
    std::vector<Programme> listing;
    for (int n = up_to(12); n > 0; --n) {
      const int start = up_to(kEnd - 10);
      const char title[] = {static_cast<char>('A' + up_to(3)), '\0'};
      listing.push_back(entry(
          title, start, up_to(4) == 0 ? std::nullopt : std::optional(start + up_to(round % 9))));
      if (up_to(5) == 0) listing.push_back(listing[random() % listing.size()]);
    }
    const DirectDefinition direct(listing);
    const ChannelSchedule schedule = channel(listing);

    // Entries alike in what is listed cannot be distinguished, so they are compared by that.
    const auto same = [&](std::optional<std::size_t> a, std::optional<std::size_t> b) {
      return a.has_value() == b.has_value() && (!a || (listing[*a].start == listing[*b].start &&
                                                       listing[*a].title == listing[*b].title &&
                                                       direct.stop_of(*a) == direct.stop_of(*b)));
    };
    for (int t = -1; t <= kEnd; ++t) {
      const auto on = direct.on(at(t));
      const Airing* airing = schedule.at(at(t)).on;
      ASSERT_EQ(on.has_value(), airing != nullptr) << "round " << round << " at " << t;
      std::optional<UtcTime> change;
      std::optional<std::size_t> next;
      UtcTime next_begin;
      for (int u = t + 1; u <= kEnd; ++u) {
        const auto then = direct.on(at(u));
        if (same(then, direct.on(at(u - 1)))) continue;
        if (!change) change = at(u);
        if (then && !next) {
          next = then;
          next_begin = at(u);
        }
      }
      ASSERT_EQ(schedule.at(at(t)).until, change) << "round " << round << " at " << t;
      const Airing* following = schedule.at(at(t)).next;
      ASSERT_EQ(following != nullptr, next.has_value()) << "round " << round << " at " << t;
      if (next) {
        ASSERT_EQ(following->begin, next_begin);
        ASSERT_EQ(schedule.programme(*following).title, listing[*next].title);
      }
      if (!on) continue;
      ASSERT_EQ(schedule.programme(*airing).title, listing[*on].title);
      ASSERT_EQ(schedule.programme(*airing).start, listing[*on].start);
      ASSERT_EQ(airing->end, change.value_or(kOpenEnd)) << "round " << round << " at " << t;
      interruptions += airing->begin != listing[*on].start;
    }
  }
  EXPECT_GT(interruptions, 500);  // the listings were hard enough
}

TEST(ChannelSchedule, AiringsOfRandomListingsNeverOverlap) {
  std::mt19937 random(7);
  std::vector<Programme> listing;
  for (int i = 0; i < 20'000; ++i) {
    const int start = static_cast<int>(random() % 1'000'000);
    listing.push_back(entry("x", start, start + static_cast<int>(random() % 5000)));
  }
  const ChannelSchedule schedule = channel(std::move(listing));
  ASSERT_GT(schedule.airings().size(), 15'000u);
  for (std::size_t i = 1; i < schedule.airings().size(); ++i) {
    ASSERT_LE(schedule.airings()[i - 1].end, schedule.airings()[i].begin);
    ASSERT_LT(schedule.airings()[i].begin, schedule.airings()[i].end);
  }
}

TEST(Guide, FindsAChannelByItsId) {
  const Guide guide(
      {ChannelSchedule("RTEOne.ie", "RTE One", {}), ChannelSchedule("TG4.ie", "TG4", {})});
  ASSERT_NE(guide.find("TG4.ie"), nullptr);
  EXPECT_EQ(guide.find("TG4.ie")->display_name(), "TG4");
  EXPECT_EQ(guide.find("tg4.ie"), nullptr);
  EXPECT_EQ(guide.find(""), nullptr);
}

// Every question about one of 100,000 channels, in a time that a quadratic search would not keep.
TEST(Guide, FindsEachOfManyChannels) {
  std::vector<ChannelSchedule> channels;
  for (int i = 0; i < 100'000; ++i)
    channels.emplace_back("ch" + std::to_string(i), "", std::vector<Programme>());
  const Guide guide(std::move(channels));
  for (const ChannelSchedule& channel : guide.channels()) {
    ASSERT_EQ(guide.find(channel.id()), &channel);
  }
  const Guide copy = guide;
  EXPECT_EQ(copy.find("ch99999"), &copy.channels()[99'999]);
  EXPECT_EQ(copy.nearest_id("ch9999x"), "ch9999");
}

TEST(Guide, KnowsWhichChannelWasMeant) {
  const Guide guide({ChannelSchedule("RTEOne.ie", "RTE One", {}),
                     ChannelSchedule("RTE2.ie", "RTE2", {}), ChannelSchedule("x", "", {})});
  const struct {
    const char* written;
    const char* meant;
  } cases[] = {
      {"RTEOne.i", "RTEOne.ie"},
      {"rteone.ie", "RTEOne.ie"},
      {"RTE One", "RTEOne.ie"},
      {"rte2", "RTE2.ie"},
      {"RTETwo.ie", ""},
      {"X", "x"},
      {"BBC1", ""},
      {"", ""},
      {"y", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(guide.nearest_id(c.written), c.meant) << c.written;
}

}  // namespace
}  // namespace on_air::guide_test
